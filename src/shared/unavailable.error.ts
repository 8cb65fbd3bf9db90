import { DomainError } from './domain-error.js';

/** PostgreSQL could not be reached or did not answer in time. Nothing was changed; the same call may succeed later. */
export class UnavailableError extends DomainError {
  readonly code = 'unavailable';

  constructor(cause: unknown) {
    super('The database cannot be reached at the moment and nothing was changed. Try again in a few seconds.');
    this.cause = cause;
  }
}
