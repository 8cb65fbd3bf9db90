import { QueryFailedError } from 'typeorm';

/** PostgreSQL's five-character code of a failed statement; null when the server did not answer it at all. */
export const sqlStateOf = (error: QueryFailedError): string | null => {
  const { code } = error.driverError as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
};

/** Serialization failure, deadlock, lost connection, session ended by an administrator: the statement did not happen. */
export const isWorthRetrying = (sqlState: string | null): boolean =>
  sqlState !== null && (sqlState.startsWith('08') || ['40001', '40P01', '57P01'].includes(sqlState));

/** Those, and: no answer, resources exhausted (53), a statement, lock or idle limit hit, server starting or stopping. */
export const isOutage = (sqlState: string | null): boolean =>
  sqlState === null ||
  isWorthRetrying(sqlState) ||
  sqlState.startsWith('53') ||
  ['57014', '57P02', '57P03', '55P03', '25P03'].includes(sqlState);
