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

/** Too many requests of one key within a minute. */
export class RateLimitedError extends DomainError {
  readonly code = 'rate_limited';

  constructor(
    readonly retryAfterSeconds: number,
    limit: number,
  ) {
    super(`More than ${limit} requests within a minute. Try again in ${retryAfterSeconds} seconds.`, {
      retryAfterSeconds,
    });
  }
}
