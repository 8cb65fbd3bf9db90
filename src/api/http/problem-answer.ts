import { Logger } from '@nestjs/common';
import { requestContext } from '../../shared/request-context.js';
import { newRequestId } from './request-id.js';
import { toProblem, type Problem } from './problem.js';

// PostgreSQL's restart takes a few seconds, and clients that all come back in the same one would not help it.
const RETRY_AFTER_OUTAGE_SECONDS = 5;

const logger = new Logger('ProblemFilter');

/** What a failure is answered with. */
export interface ProblemAnswer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** Turns a failure into its answer, and logs those that are ours. */
export const answerTo = (error: unknown): ProblemAnswer => {
  const problem = toProblem(error, requestContext.getStore()?.requestId ?? newRequestId());
  if (problem.status >= 500) report(error, problem);
  return { problem, headers: headersFor(problem) };
};

const headersFor = ({ status, retryAfterSeconds }: Problem): Record<string, string> => ({
  'Content-Type': 'application/problem+json; charset=utf-8',
  'Cache-Control': 'no-store',
  ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
  ...(status === 503 && { 'Retry-After': String(RETRY_AFTER_OUTAGE_SECONDS) }),
  ...(status === 429 && { 'Retry-After': String(retryAfterSeconds) }),
  // RFC 9110, section 15.5.16.
  ...(status === 415 && { 'Accept-Encoding': 'identity' }),
});

/** The cause with its stack, without what a driver adds: its parameters are phone numbers and names. */
const report = (error: unknown, { code, detail, instance }: Problem): void => {
  const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const { name, stack } = cause instanceof Error ? cause : new Error('not an Error');
  const sqlState = (cause as { code?: unknown } | null)?.code;
  logger.error('request failed', {
    requestId: instance,
    code,
    detail,
    cause: name,
    reason: sqlState,
    trace: stack,
  });
};
