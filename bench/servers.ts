import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { startEmbeddedServers, type EmbeddedServers } from '../src/embedded/servers.js';
import { tell } from './report.js';

// Of a program that has begun to listen; our API takes two seconds on a quiet machine.
const START_PATIENCE_MS = 60_000;

/** A program of ours or of a peer. */
export interface Program {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly pid: number;
  /** From its start to its first answer. */
  readonly bootMs: number;
  /** SIGTERM, and waits for its end. */
  readonly stop: () => Promise<void>;
}

/** PostgreSQL and Redis of one benchmark, and the programs started beside them. */
export interface Servers {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly postgresPid: number;
  readonly redisPid: number;
  /** To the database of `databaseUrl`. */
  readonly database: Client;
  /** Their versions. */
  readonly versions: { readonly postgres: string; readonly redis: string };
  /** Runs a program until it answers at `path`, its output in a file. @param args of `node` */
  readonly start: (args: readonly string[], environment: NodeJS.ProcessEnv, path: string) => Promise<Program>;
  /** Runs a program to its end. @returns its standard output @throws with its output when it fails */
  readonly runToEnd: (args: readonly string[], environment: NodeJS.ProcessEnv) => Promise<string>;
}

/**
 * Does the work beside servers of its own, on free ports, with durable settings, in a temporary folder. Everything is
 * taken down afterwards, also when it fails, and on Ctrl-C.
 */
export async function withServers<T>(work: (servers: Servers) => Promise<T>): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'batch-jobs-bench-'));
  // For root PostgreSQL runs as another user, also in this folder.
  chmodSync(dataDir, 0o711);
  const starting = startEmbeddedServers({ dataDir, log: tell });
  const children = new Set<ChildProcess>();
  let clients: Client[] = [];
  let ending: Promise<void> | undefined;
  const end = () =>
    (ending ??= (async () => {
      await Promise.all([...children].map(endChild));
      await Promise.allSettled(clients.map((client) => client.end()));
      await starting.then((servers) => servers.stop()).catch(() => undefined);
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    })());
  const interrupt = () => void end().finally(() => process.exit(130));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  try {
    const embedded = await starting;
    const database = new Client(embedded.databaseUrl);
    // Ended with its server; what was asked of it fails by itself.
    database.on('error', () => undefined);
    clients = [database];
    await database.connect();
    return await work(await describe(embedded, database, programsOf(dataDir, children)));
  } catch (error) {
    // An interruption makes the work fail too, and is to end the process with its own code.
    if (ending) await new Promise(() => undefined);
    throw error;
  } finally {
    await end();
    for (const signal of signals) process.off(signal, interrupt);
  }
}

async function describe(
  { databaseUrl, redisUrl, pids }: EmbeddedServers,
  database: Client,
  programs: Pick<Servers, 'start' | 'runToEnd'>,
): Promise<Servers> {
  const [postgresPid, redisPid] = pids;
  const { rows } = await database.query<{ server_version: string }>('show server_version');
  const redis = new Redis(redisUrl);
  const said = await redis.info('server');
  redis.disconnect();
  const versions = { postgres: rows[0].server_version, redis: /redis_version:([\d.]+)/.exec(said)?.[1] ?? 'unknown' };
  return { databaseUrl, redisUrl, postgresPid, redisPid, database, versions, ...programs };
}

function programsOf(dataDir: string, children: Set<ChildProcess>): Pick<Servers, 'start' | 'runToEnd'> {
  let count = 0;
  /** Its output goes to a file, as in production: a pipe would cost us, and a terminal it. */
  const launch = (args: readonly string[], environment: NodeJS.ProcessEnv) => {
    const file = join(dataDir, `program-${(count += 1)}.log`);
    const output = openSync(file, 'w', 0o600);
    const child = spawn(process.execPath, args, { env: environment, stdio: ['ignore', output, output] });
    closeSync(output);
    children.add(child);
    child.once('exit', () => children.delete(child));
    return { child, pid: child.pid ?? 0, said: () => readFileSync(file, 'utf8') };
  };
  return {
    async start(args, environment, path) {
      const port = await freePort();
      const begun = performance.now();
      const ports = { PORT: String(port), METRICS_PORT: String(port) };
      const { child, pid, said } = launch(args, { ...environment, ...ports });
      const url = `http://127.0.0.1:${port}`;
      const isUp = () =>
        fetch(url + path).then(
          ({ ok }) => ok,
          () => false,
        );
      while (!(await isUp())) {
        const isLate = performance.now() - begun > START_PATIENCE_MS;
        if (child.exitCode !== null || isLate) throw new Error(`${args.join(' ')} did not start:\n${said()}`);
        await wait(20);
      }
      return { url, pid, bootMs: performance.now() - begun, stop: () => endChild(child) };
    },
    async runToEnd(args, environment) {
      const { child, said } = launch(args, environment);
      await once(child, 'exit');
      if (child.exitCode !== 0) throw new Error(`${args.join(' ')} failed:\n${said()}`);
      return said();
    },
  };
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}
