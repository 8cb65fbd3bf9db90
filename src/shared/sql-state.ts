import { QueryFailedError } from 'typeorm';

/** PostgreSQL's five-character code of a failed statement; null when the server did not answer it at all. */
export const sqlStateOf = (error: QueryFailedError): string | null => {
  const { code } = error.driverError as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
};

/** A session kept the plan of a statement whose columns have another type by now, as a migration has changed them. */
export const isStalePlan = (error: QueryFailedError): boolean =>
  (error.driverError as { routine?: unknown }).routine === 'RevalidateCachedQuery';

/** Serialization failure, deadlock, lost connection, session ended by an administrator: the statement did not happen. */
export const isWorthRetrying = (sqlState: string | null): boolean =>
  sqlState !== null && (sqlState.startsWith('08') || ['40001', '40P01', '57P01'].includes(sqlState));

/** The transaction may only read: a standby, a primary after its failover, or a setting. */
export const READ_ONLY = '25006';

/**
 * PostgreSQL answers and takes no change: it is read-only, its disk is full (53100) or fails (58), or its files or
 * tables may not be written (42501, which a file system that became read-only shows as well). Reads may go on working.
 */
export const isWriteRefusal = (sqlState: string | null): boolean =>
  sqlState !== null && (sqlState.startsWith('58') || [READ_ONLY, '42501', '53100'].includes(sqlState));

/**
 * Those, what is worth retrying, and: no answer, resources exhausted (53), a statement, lock, idle or transaction limit
 * hit, server starting or stopping, its own failure (XX). None is of the statement's making: it may succeed later.
 */
export const isOutage = (sqlState: string | null): boolean =>
  sqlState === null ||
  isWorthRetrying(sqlState) ||
  isWriteRefusal(sqlState) ||
  ['53', 'XX'].includes(sqlState.slice(0, 2)) ||
  ['57014', '57P02', '57P03', '55P03', '25P03', '25P04'].includes(sqlState);
