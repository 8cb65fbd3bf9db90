import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidApiKeyError, RateLimitedError } from './access.errors.js';
import { ApiKeysService, type ValidKey } from './api-keys.service.js';
import { RateLimiter } from './rate-limiter.js';

const keys = new WeakMap<IncomingMessage, ValidKey>();

/** The key that a request was let in with. Adapters wrap Node's request in one of their own. */
export const keyOf = (request: IncomingMessage | { raw: IncomingMessage }): ValidKey => {
  const key = keys.get('raw' in request ? request.raw : request);
  if (!key) throw new Error('the route is not behind AuthenticationMiddleware');
  return key;
};

const bearer = (authorization: string | undefined): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];

/**
 * Lets a request in by its API key, within the key's rate limit. A middleware and not a guard, because adapters read
 * the body before guards are asked: a stranger shall neither upload ten megabytes nor learn whether his JSON parses.
 *
 * @throws invalid_api_key  missing, malformed, unknown, revoked or expired
 * @throws rate_limited     too many requests of this key within a minute
 */
@Injectable()
export class AuthenticationMiddleware implements NestMiddleware<IncomingMessage, ServerResponse> {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly rateLimiter: RateLimiter,
  ) {}

  async use(request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> {
    const { authorization, 'x-api-key': apiKey } = request.headers;
    const given = authorization === undefined ? apiKey : bearer(authorization);
    const key = typeof given === 'string' ? await this.apiKeys.validate(given) : null;
    if (!key) throw new InvalidApiKeyError();

    await this.limitRate(key, response);
    keys.set(request, key);
    next();
  }

  private async limitRate({ id, scopes }: ValidKey, response: ServerResponse): Promise<void> {
    const rateClass = scopes.every((scope) => scope === 'calls:report') ? 'reports' : 'requests';
    const { isAllowed, limit, remaining, resetSeconds } = await this.rateLimiter.take(id, rateClass);
    response.setHeader('X-RateLimit-Limit', limit);
    response.setHeader('X-RateLimit-Remaining', remaining);
    response.setHeader('X-RateLimit-Reset', resetSeconds);
    if (!isAllowed) throw new RateLimitedError(resetSeconds, limit);
  }
}
