import { join } from 'node:path';
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
  /** The processes of those that were started here: none, one or two. */
  readonly pids: readonly number[];
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
  const { databaseUrl, redisUrl, durable, log, toolsDir = join('.data', 'tools') } = options;
  if (databaseUrl && redisUrl) return { databaseUrl, redisUrl, pids: [], stop: () => Promise.resolve() };
  if (process.platform === 'win32') {
    throw new Error('There are no embedded servers for Windows: set DATABASE_URL and REDIS_URL, or use WSL.');
  }
  const folder = DataFolder.open(options.dataDir);
  const starts: Promise<Server>[] = [
    databaseUrl ? given(databaseUrl) : startPostgres({ folder, durable, log }),
    redisUrl ? given(redisUrl) : startRedis({ folder, durable, log, toolsDir }),
  ];
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= stopAll(starts, folder));
  try {
    const [postgres, redis] = await Promise.all(starts);
    const pids = [postgres, redis].flatMap((server) => server.pid ?? []);
    return { databaseUrl: postgres.url, redisUrl: redis.url, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Without a process: it is not ours to stop. */
type Server = RunningServer | { readonly url: string; readonly pid?: undefined };

const given = (url: string): Promise<Server> => Promise.resolve({ url });

/** One that is still starting while the other has failed is waited for: it could not be stopped before. */
async function stopAll(starts: readonly Promise<Server>[], folder: DataFolder): Promise<void> {
  const servers = (await Promise.allSettled(starts)).flatMap((start) =>
    start.status === 'fulfilled' ? start.value : [],
  );
  await Promise.all(servers.map((server) => (server.pid === undefined ? Promise.resolve() : server.stop())));
  folder.close();
}
