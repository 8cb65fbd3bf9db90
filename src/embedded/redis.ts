import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { DataFolder } from './data-folder.js';
import { findRedis, type RedisProgram } from './redis-program.js';
import { startServer, type Log, type RunningServer, type ServerKind } from './server-process.js';

export interface RedisOptions {
  readonly folder: DataFolder;
  /** False: nothing is written to disk. For tests. @default true */
  readonly durable?: boolean;
  /** Where a Redis that had to be fetched is kept, for this and later starts. */
  readonly toolsDir: string;
  readonly log: Log;
}

/** Starts Redis with its data in the folder. */
export async function startRedis({ folder, durable = true, toolsDir, log }: RedisOptions): Promise<RunningServer> {
  const program = await findRedis({ toolsDir, log });
  mkdirSync(folder.file('redis'), { recursive: true, mode: 0o700 });
  return startServer(kindOf(folder, program, durable), folder, log);
}

function kindOf(folder: DataFolder, program: RedisProgram, durable: boolean): ServerKind {
  return {
    name: 'Redis',
    key: 'redis',
    stopSignal: 'SIGTERM',
    command: (port) => ({ ...program, args: [writeSettings(folder, port, durable)] }),
    url: (port) => `redis://:${folder.password}@127.0.0.1:${port}`,
    answers,
  };
}

/**
 * In a file, because every user of the machine sees the arguments of a process. The password is there although only
 * loopback is bound: other users of the machine reach that too, and whoever has it can be sure to talk to this Redis.
 */
function writeSettings(folder: DataFolder, port: number, durable: boolean): string {
  const settings = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${folder.password}`,
    `dir ${JSON.stringify(folder.file('redis'))}`,
    `appendonly ${durable ? 'yes' : 'no'}`,
    'save ""',
    // Bull's jobs must never be evicted.
    'maxmemory-policy noeviction',
  ];
  const file = folder.file('redis.conf');
  // The mode counts only for a file that is new.
  rmSync(file, { force: true });
  writeFileSync(file, `${settings.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** Not before the append-only file is loaded. */
async function answers(url: string): Promise<boolean> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 2_000,
    // ioredis waits this long for the end of a connection that was refused, and keeps the process alive meanwhile.
    disconnectTimeout: 50,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } finally {
    client.disconnect();
  }
}
