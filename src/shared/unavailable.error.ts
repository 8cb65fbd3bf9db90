import { DomainError } from './domain-error.js';

/**
 * PostgreSQL could not be reached, did not answer in time, or takes no changes at the moment. Nothing was changed,
 * unless the line broke in the very moment of a commit: then nobody on this side can know. The same call may succeed
 * later.
 */
export class UnavailableError extends DomainError {
  readonly code = 'unavailable';

  /** @param refusesWrites PostgreSQL answers, and takes no change: what only reads may go on working */
  constructor(
    cause: unknown,
    readonly refusesWrites = false,
  ) {
    const what = refusesWrites ? 'takes no changes' : 'cannot be reached';
    super(`The database ${what} at the moment and nothing was changed. Try again in a few seconds.`);
    this.cause = cause;
  }
}
