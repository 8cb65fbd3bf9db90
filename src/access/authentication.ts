import { Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidApiKeyError, RateLimitedError } from './access.errors.js';
import { ApiKeysService, type ValidKey } from './api-keys.service.js';
import { RateLimiter } from './rate-limiter.js';

const keys = new WeakMap<IncomingMessage, ValidKey>();

/** The key that a request was let in with. Adapters wrap Node's request in one of their own. */
export const keyOf = (request: IncomingMessage | { raw: IncomingMessage }): ValidKey => {
  const key = keys.get('raw' in request ? request.raw : request);
  if (!key) throw new Error('the route is not behind a key');
  return key;
};

const bearer = (authorization: string | undefined): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];

/** Lets requests in by their API keys, within the rate limit of each. */
@Injectable()
export class Authentication {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly rateLimiter: RateLimiter,
  ) {}

  /**
   * Finds the key of a request, counts the request, and says in headers what is left of the key's limit.
   *
   * @throws invalid_api_key  missing, malformed, unknown, revoked or expired
   * @throws rate_limited     too many requests of this key within a minute
   */
  async letIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { authorization, 'x-api-key': apiKey } = request.headers;
    const given = authorization === undefined ? apiKey : bearer(authorization);
    const key = typeof given === 'string' ? await this.apiKeys.validate(given) : null;
    if (!key) throw new InvalidApiKeyError();

    await this.limitRate(key, response);
    keys.set(request, key);
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
