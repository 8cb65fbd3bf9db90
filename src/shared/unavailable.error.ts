import { DomainError } from './domain-error.js';

/**
 * PostgreSQL could not be reached or did not answer in time. Nothing was changed, unless the line broke in the very moment
 * of a commit: then nobody on this side can know. The same call may succeed later.
 */
export class UnavailableError extends DomainError {
  readonly code = 'unavailable';

  constructor(cause: unknown) {
    super('The database cannot be reached at the moment and nothing was changed. Try again in a few seconds.');
    this.cause = cause;
  }
}
