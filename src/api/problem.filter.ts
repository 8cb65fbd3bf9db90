import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { RateLimitedError } from '../access/access.errors.js';
import { requestContext } from '../shared/request-context.js';
import { newRequestId } from './request-id.js';
import { toProblem, type Problem } from './problem.js';

// PostgreSQL's restart takes a few seconds, and clients that all come back in the same one would not help it.
const RETRY_AFTER_OUTAGE_SECONDS = 5;

const headersFor = (error: unknown, problem: Problem): Record<string, string> => ({
  'Content-Type': 'application/problem+json; charset=utf-8',
  ...(problem.status === 401 && { 'WWW-Authenticate': 'Bearer' }),
  ...(problem.status === 503 && { 'Retry-After': String(RETRY_AFTER_OUTAGE_SECONDS) }),
  ...(error instanceof RateLimitedError && { 'Retry-After': String(error.retryAfterSeconds) }),
});

/** Answers every failure with problem details, and logs those that are ours. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const response: unknown = host.switchToHttp().getResponse();
    const problem = toProblem(error, requestContext.getStore()?.requestId ?? newRequestId());

    if (problem.status >= 500) this.report(error, problem);
    if (httpAdapter.isHeadersSent(response)) return;
    for (const [name, value] of Object.entries(headersFor(error, problem)))
      httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, problem, problem.status);
  }

  /** The cause with its stack, without what a driver adds: its parameters are phone numbers and names. */
  private report(error: unknown, { code, detail, instance }: Problem): void {
    const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const { name, stack } = cause instanceof Error ? cause : new Error('not an Error');
    const sqlState = (cause as { code?: unknown } | null)?.code;
    this.logger.error('request failed', {
      requestId: instance,
      code,
      detail,
      cause: name,
      reason: sqlState,
      trace: stack,
    });
  }
}
