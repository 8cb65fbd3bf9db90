import { QueryFailedError } from 'typeorm';
import { sqlStateOf } from '../shared/sql-state.js';
import { UnavailableError } from '../shared/unavailable.error.js';

// lock_not_available
const LOCK_TIMEOUT = '55P03';

/**
 * Whether a statement was given up because somebody else holds a row that it needs; what needs other rows may be done.
 */
export const isLockTimeout = (error: unknown): boolean =>
  error instanceof UnavailableError &&
  error.cause instanceof QueryFailedError &&
  sqlStateOf(error.cause) === LOCK_TIMEOUT;
