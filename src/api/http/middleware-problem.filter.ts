import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { answerTo } from './problem-answer.js';

/**
 * Answers the failures of a middleware with problem details, in a host application too, whose own filters would not
 * know them. Nest takes an instance for a middleware only, and hands it Node's response under every adapter.
 */
@Catch()
export class MiddlewareProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const { problem, headers } = answerTo(error);
    if (response.headersSent) return;
    response.writeHead(problem.status, headers).end(JSON.stringify(problem));
  }
}
