import { Injectable, Logger, type NestMiddleware } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isBatchJobId } from '../../batch-jobs/batch-jobs.repository.js';
import { isCallId } from '../../batch-jobs/calls.repository.js';
import { newUlid } from '../../shared/new-ulid.js';
import { RedisPatience } from '../../shared/redis-patience.js';
import { requestContext } from '../../shared/request-context.js';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;

export const newRequestId = (): string => `req_${newUlid()}`;

/** The caller's own when it is 1–128 visible ASCII characters, else a new one. */
export const requestIdOf = ({ headers }: Pick<IncomingMessage, 'headers'>): string => {
  const given = headers['x-request-id'];
  return typeof given === 'string' && VISIBLE_ASCII.test(given) ? given : newRequestId();
};

/** The path without its query; a part that no route of ours has could be anything, a phone number too. */
const loggable = (url: string): string =>
  url
    .split('?')[0]
    .split('/', 8)
    .map((part) => (/^[a-z.-]{0,32}$/.test(part) || isBatchJobId(part) || isCallId(part) ? part : '*'))
    .join('/');

/** Gives every request an id, the caller's own when it is 1–128 visible ASCII characters, and a line in the log. */
@Injectable()
export class RequestIdMiddleware implements NestMiddleware<IncomingMessage, ServerResponse> {
  private readonly logger = new Logger('Http');

  use(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    const known = requestContext.getStore();
    if (known) return next();

    const requestId = requestIdOf(request);
    response.setHeader('X-Request-Id', requestId);
    this.logWhenAnswered(requestId, request, response);
    requestContext.run({ requestId, redisPatience: new RedisPatience() }, next);
  }

  /** Without the query, the headers and the body: they may hold what must not be logged. */
  private logWhenAnswered(requestId: string, request: IncomingMessage, response: ServerResponse): void {
    // Under Fastify, Nest's middleware sees `url` without the path it is mounted on.
    const { method, url, originalUrl = url ?? '' } = request as IncomingMessage & { originalUrl?: string };
    const begun = performance.now();
    response.once('close', () =>
      this.logger.log('request answered', {
        requestId,
        method,
        path: loggable(originalUrl),
        status: response.writableFinished ? response.statusCode : 'aborted',
        durationMs: Math.round(performance.now() - begun),
      }),
    );
  }
}
