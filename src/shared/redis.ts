import type { Logger } from '@nestjs/common';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { readFileSync } from 'node:fs';
import { readRedisUrl } from './redis-url.js';
import type { Settings } from './settings.js';

/** Longest that anything waits for Redis while a caller waits for us (docs/architecture.md, “Connections”). */
export const REDIS_PATIENCE_MS = 500;

// ioredis would wait 10 s for each try.
const CONNECT_MS = 2_000;

/** A connection to one server, whichever of several that is at the time, or to all masters of a cluster. */
export type RedisConnection = Redis | Cluster;

type RedisSettings = Pick<Settings, 'redisUrl' | 'redisCaFile'>;

// Bull's own grows to 20 s; a worker that comes back a second after Redis loses at most that second.
const retryAfterMs = (times: number): number => Math.min(times * 100, 1_000);

// A master of a cluster that answers is asked who the others are, in case nothing fails that would show a change.
const SLOTS_KEPT_MS = 5_000;

/** @throws when the address is not one of Redis, or the file of the certificate authority cannot be read */
function connect({ redisUrl, redisCaFile }: RedisSettings, options: RedisOptions): RedisConnection {
  const address = readRedisUrl(redisUrl);
  if (!address) throw new Error('The address of Redis cannot be read.');
  const { kind, nodes, username, password, db, sentinel } = address;
  const tls = address.isEncrypted ? { ca: redisCaFile === null ? undefined : readFileSync(redisCaFile) } : undefined;
  const common: RedisOptions = {
    ...options,
    username,
    password,
    tls,
    // ioredis would first tell Redis its name and version, and take a connection that ends meanwhile for ready (5.11.1):
    // it would then never connect again, and never be closed.
    disableClientInfo: true,
    retryStrategy: retryAfterMs,
  };
  if (kind === 'cluster') {
    return new Cluster([...nodes], {
      redisOptions: { ...common, enableAutoPipelining: false },
      enableAutoPipelining: options.enableAutoPipelining,
      enableOfflineQueue: options.enableOfflineQueue,
      enableReadyCheck: options.enableReadyCheck,
      clusterRetryStrategy: retryAfterMs,
      slotsRefreshInterval: SLOTS_KEPT_MS,
      // Certificates name hosts: what a cluster announces must not be turned into an address before it is compared.
      ...(tls && { dnsLookup: (host, done) => done(null, host) }),
    });
  }
  if (kind === 'single') return new Redis({ ...common, ...nodes[0], db });
  return new Redis({
    ...common,
    db,
    sentinels: [...nodes],
    name: sentinel.master,
    sentinelUsername: sentinel.username,
    sentinelPassword: sentinel.password,
    sentinelTLS: tls,
    enableTLSForSentinelMode: address.isEncrypted,
    sentinelCommandTimeout: CONNECT_MS,
    sentinelRetryStrategy: retryAfterMs,
    // A master that was replaced while it could not be reached does not tell.
    failoverDetector: true,
  });
}

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

/** For somebody who waits: it fails at once where a worker's would wait (by default 233 s, measured). */
export const connectCaller = (
  settings: RedisSettings,
  more: Pick<RedisOptions, 'enableAutoPipelining'> = {},
): RedisConnection =>
  connect(settings, {
    ...more,
    enableOfflineQueue: false,
    reconnectOnError: reconnectNowAndThen(),
    maxRetriesPerRequest: 1,
    commandTimeout: REDIS_PATIENCE_MS,
    connectTimeout: CONNECT_MS,
    socketTimeout: CALLER_SILENCE_MS,
    disconnectTimeout: REDIS_PATIENCE_MS,
  });

/**
 * For what waits for work. `socketTimeout` (above Bull's blocking read of 5 s) ends a half-open connection, which would
 * stop a worker for good.
 */
export const connectWorker = (settings: RedisSettings): RedisConnection =>
  connect(settings, {
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
    socketTimeout: 15_000,
    connectTimeout: CONNECT_MS,
    disconnectTimeout: REDIS_PATIENCE_MS,
  });

/** Redis answers, and does not let us in. */
const NOT_LET_IN = /^(NOAUTH|WRONGPASS|NOPERM|ERR (AUTH|invalid password))/;

interface Failure extends NodeJS.ErrnoException {
  readonly lastNodeError?: NodeJS.ErrnoException;
}

/** A connection, or a queue on one. */
interface Failing {
  on(event: 'error', listener: (error: Failure) => void): unknown;
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
  connection.on('error', (failure) => {
    // A cluster of which no node could be asked says so, and why of the last one.
    const error = failure.lastNodeError ?? failure;
    logger.debug('redis connection failed', { reason: error.code ?? error.name });
    if (told.isRefused || !NOT_LET_IN.test(error.message)) return;
    told.isRefused = true;
    logger.error('redis refuses the login', { reason: error.message });
  });
};
