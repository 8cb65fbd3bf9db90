import { DomainError } from '../shared/domain-error.js';
import type { Scope } from './scopes.js';

/** Missing, malformed, unknown, revoked or expired: the same words for all. */
export class InvalidApiKeyError extends DomainError {
  readonly code = 'invalid_api_key';

  constructor() {
    super("Invalid API key. Send a valid one as 'Authorization: Bearer <key>' or 'x-api-key: <key>'.", {
      error: 'Invalid API key',
    });
  }
}

/** The key is good, and not for this. */
export class InsufficientScopeError extends DomainError {
  readonly code = 'insufficient_scope';

  constructor(requiredScope: Scope) {
    super(`This API key lacks the scope '${requiredScope}'. Use a key that has it.`, { requiredScope });
  }
}

// An upload takes seconds, and streams come and go.
const RETRY_AFTER_SECONDS = 5;

/** As much as may be is in progress, of the key or of all keys. */
export class TooManyAtOnceError extends DomainError {
  readonly code = 'too_many_at_once';

  /**
   * @param what in the plural: `'uploads'`
   * @param whose `'key'`: this key alone has so many
   */
  constructor(what: string, limit: number, whose: 'key' | 'service') {
    const owner = whose === 'key' ? 'This API key has' : 'The service has';
    super(`${owner} ${limit} ${what} in progress, the most at one time. Try again when one has ended.`, {
      limit,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
}

/** Too many requests of one key within a minute. */
export class RateLimitedError extends DomainError {
  readonly code = 'rate_limited';

  constructor(retryAfterSeconds: number, limit: number) {
    super(`More than ${limit} requests within a minute. Try again in ${retryAfterSeconds} seconds.`, {
      retryAfterSeconds,
    });
  }
}
