import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { answerTo } from './problem-answer.js';
import { rawResponse, type AdapterResponse } from './raw-request.js';

/** Answers every failure with problem details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const response = host.switchToHttp().getResponse<AdapterResponse>();
    if (hasLeft(response, error)) return;
    const { problem, headers } = answerTo(error);

    if (httpAdapter.isHeadersSent(response)) return;
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, problem, problem.status);
  }
}

/**
 * A client that goes while its answer is made ends the stream of it: nothing failed, and nobody is there to be told.
 */
const hasLeft = (response: AdapterResponse, error: unknown): boolean =>
  rawResponse(response).destroyed && (error as NodeJS.ErrnoException | null)?.code === 'ERR_STREAM_PREMATURE_CLOSE';
