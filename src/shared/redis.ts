import type { Logger } from '@nestjs/common';
import type { RedisOptions } from 'ioredis';

/** Longest that anything waits for Redis while a caller waits for us (docs/architecture.md, “Connections”). */
export const REDIS_PATIENCE_MS = 500;

// ioredis would wait 10 s for each try.
const CONNECT_MS = 2_000;

const address = (redisUrl: string): RedisOptions => {
  const url = new URL(redisUrl);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    db: Number(url.pathname.slice(1) || 0),
    tls: url.protocol === 'rediss:' ? {} : undefined,
    // ioredis would first tell Redis its name and version, and take a connection that ends meanwhile for ready (5.11.1):
    // it would then never connect again, and never be closed.
    disableClientInfo: true,
    // Bull's own grows to 20 s; a worker that comes back a second after Redis loses at most that second.
    retryStrategy: (times) => Math.min(times * 100, 1_000),
  };
};

// A half-open connection would fail every command for the quarter of an hour until the system gives it up.
const CALLER_SILENCE_MS = 2_000;

/**
 * Redis answers, and the connection is of no use: it leads to a replica since a failover, or was not let in. Another
 * may do.
 */
const isSpent = ({ message }: Error): boolean => /\b(READONLY|NOAUTH)\b/.test(message);

// Each command is answered so, and what is asked while it connects fails: another connection now and then is enough.
const SPENT_KEPT_MS = 5_000;

const reconnectNowAndThen = () => {
  let renewedAt = -SPENT_KEPT_MS;
  return (error: Error): boolean => {
    if (!isSpent(error) || performance.now() - renewedAt < SPENT_KEPT_MS) return false;
    renewedAt = performance.now();
    return true;
  };
};

/** Of a connection that a caller waits for: it fails at once where a worker's would wait (by default 233 s, measured). */
export const callerConnection = (redisUrl: string): RedisOptions => ({
  ...address(redisUrl),
  enableOfflineQueue: false,
  reconnectOnError: reconnectNowAndThen(),
  maxRetriesPerRequest: 1,
  commandTimeout: REDIS_PATIENCE_MS,
  connectTimeout: CONNECT_MS,
  socketTimeout: CALLER_SILENCE_MS,
  disconnectTimeout: REDIS_PATIENCE_MS,
});

/**
 * Of a connection that waits for work. `socketTimeout` (above Bull's blocking read of 5 s) ends a half-open connection,
 * which would stop a worker for good.
 */
export const workerConnection = (redisUrl: string): RedisOptions => ({
  ...address(redisUrl),
  maxRetriesPerRequest: null,
  enableReadyCheck: false,
  socketTimeout: 15_000,
  connectTimeout: CONNECT_MS,
  disconnectTimeout: REDIS_PATIENCE_MS,
});

/** Redis answers, and does not let us in. */
const NOT_LET_IN = /^(NOAUTH|WRONGPASS|NOPERM|ERR (AUTH|invalid password))/;

/** A connection, or a queue on one. */
interface Failing {
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** What the log says already. */
export interface Told {
  isRefused: boolean;
}

/**
 * Says in the log why a connection fails: each attempt to who looks closely, and once, loudly, that Redis does not let
 * us in. That does not pass by itself, and whatever is asked of Redis then fails with other words.
 *
 * @param told what was said of the connections that this one takes the place of
 */
export const tellFailures = (connection: Failing, logger: Logger, told: Told = { isRefused: false }): void => {
  connection.on('error', (error) => {
    logger.debug('redis connection failed', { reason: error.code ?? error.name });
    if (told.isRefused || !NOT_LET_IN.test(error.message)) return;
    told.isRefused = true;
    logger.error('redis refuses the login', { reason: error.message });
  });
};
