import { join, resolve } from 'node:path';
import { DataFolder } from './data-folder.js';
import { startPostgres } from './postgres.js';
import { startRedis } from './redis.js';
import type { Log, RunningServer } from './server-process.js';

export interface EmbeddedServersOptions {
  /** Holds everything the servers write; made if need be. One process at a time may use it. */
  readonly dataDir: string;
  /** A PostgreSQL to use instead of one of our own. */
  readonly databaseUrl?: string;
  /** A Redis to use instead of one of our own. */
  readonly redisUrl?: string;
  /** False: faster, and a power cut may lose everything. For tests. @default true */
  readonly durable?: boolean;
  /** Where a Redis that had to be fetched is kept. @default `.data/tools` below the working directory */
  readonly toolsDir?: string;
  readonly log: Log;
}

export interface EmbeddedServers {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Those that were started here: none, one or both. */
  readonly running: readonly RunningServer[];
  /** Stops them in good order and gives the data folder free; may be called twice. Stop the service first. */
  stop(): Promise<void>;
}

/**
 * PostgreSQL and Redis for development and tests, on loopback and on ports that stay as long as they are free.
 *
 * The servers do not receive the Ctrl-C of a terminal, so the service can drain before it calls `stop()`. They end by
 * themselves when this process is gone without that.
 * @throws when another process uses the data folder, when a server does not start, when there is no Redis to be had
 */
export async function startEmbeddedServers(options: EmbeddedServersOptions): Promise<EmbeddedServers> {
  const { databaseUrl, redisUrl } = options;
  if (databaseUrl && redisUrl) return { databaseUrl, redisUrl, running: [], stop: () => Promise.resolve() };
  if (process.platform === 'win32') {
    throw new Error('There are no embedded servers for Windows: set DATABASE_URL and REDIS_URL, or use WSL.');
  }
  const folder = DataFolder.open(options.dataDir);
  const starts = await Promise.allSettled(startMissing(folder, options));
  const running = starts.flatMap((start) => (start.status === 'fulfilled' && start.value ? [start.value] : []));
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= stopAll(running, folder));
  const failure = starts.find((start) => start.status === 'rejected');
  if (failure) {
    await stop();
    throw failure.reason;
  }
  const [postgres, redis] = starts.map((start) => (start as PromiseFulfilledResult<RunningServer | null>).value);
  return { databaseUrl: databaseUrl ?? postgres!.url, redisUrl: redisUrl ?? redis!.url, running, stop };
}

function startMissing(folder: DataFolder, options: EmbeddedServersOptions): Promise<RunningServer | null>[] {
  const { databaseUrl, redisUrl, durable, log, toolsDir = join('.data', 'tools') } = options;
  return [
    databaseUrl ? Promise.resolve(null) : startPostgres({ folder, durable, log }),
    redisUrl ? Promise.resolve(null) : startRedis({ folder, durable, log, toolsDir: resolve(toolsDir) }),
  ];
}

async function stopAll(running: readonly RunningServer[], folder: DataFolder): Promise<void> {
  await Promise.all(running.map((server) => server.stop()));
  folder.close();
}
