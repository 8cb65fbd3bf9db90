import { describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { end, identify, until } from '../../src/embedded/processes.js';
import { findRedis, redisOnPath } from '../../src/embedded/redis-program.js';
import { startEmbeddedServers, type EmbeddedServersOptions } from '../../src/embedded/servers.js';

/** Servers of the whole run, for tests that need only one of their own, or none. */
const GIVEN = { databaseUrl: process.env.TEST_DATABASE_URL, redisUrl: process.env.TEST_REDIS_URL };
const PATIENCE_MS = 10_000;
const COMPILED = new URL('../../dist/src/embedded/servers.js', import.meta.url).href;

/** Deleted at the end of the run. */
const RUN_FOLDER = process.env.TEST_FOLDER ?? tmpdir();

function setup() {
  const dataDir = mkdtempSync(join(RUN_FOLDER, 'embedded-'));
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const start = (options: Partial<EmbeddedServersOptions> = {}) => startEmbeddedServers({ dataDir, log, ...options });
  const state = (file: string) => {
    const [pid, born, port] = readFileSync(join(dataDir, file), 'utf8').split('\n');
    return { pid: Number(pid), born, port: Number(port) };
  };
  return { dataDir, lines, start, state, startRedisOnly: () => start({ databaseUrl: GIVEN.databaseUrl }) };
}

/** A process that starts the servers, and on Ctrl-C still uses them before it stops them. It goes when the test does. */
async function startInService(dataDir: string): Promise<ChildProcess> {
  const script = `
    process.stdin.resume().on('end', () => process.exit(1));
    const { startEmbeddedServers } = await import('${COMPILED}');
    const { Client } = await import('pg');
    const log = () => undefined;
    const { databaseUrl, stop } = await startEmbeddedServers({ dataDir: process.argv[1], durable: false, log });
    const client = new Client(databaseUrl);
    await client.connect();
    await client.query('CREATE TABLE IF NOT EXISTS kept ()');
    process.once('SIGINT', async () => {
      await client.query('CREATE TABLE drained ()');
      await client.end();
      await stop();
      process.stdin.destroy();
    });
    console.log('up');`;
  const service = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(service.stdout, 'data');
  return service;
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

const tablesOf = async (url: string) => {
  const names = `SELECT array_agg(tablename::text ORDER BY tablename) AS names FROM pg_tables WHERE schemaname = 'public'`;
  return query(url, names);
};

const searchTelling = (lines: string[]) => ({ toolsDir: tmpdir(), log: (line: string) => void lines.push(line) });

const expectGone = async (pids: readonly number[]) =>
  expect(await until(() => pids.every((pid) => identify(pid) === null), PATIENCE_MS)).toBe(true);

describe('a second start', () => {
  it('finds the data of the first on the same ports, and none of its processes', async () => {
    const { start, dataDir } = setup();
    const first = await start();
    await query(first.databaseUrl, 'CREATE TABLE kept ()');
    await withRedis(first.redisUrl, (redis) => redis.set('kept', 'yes'));
    await first.stop();
    expect(first.pids.map(identify)).toEqual([null, null]);
    expect(existsSync(join(dataDir, 'lock'))).toBe(false);

    const second = await start();
    expect(second).toMatchObject({ databaseUrl: first.databaseUrl, redisUrl: first.redisUrl });
    expect(await tablesOf(second.databaseUrl)).toEqual([{ names: ['kept'] }]);
    expect(await withRedis(second.redisUrl, (redis) => redis.get('kept'))).toBe('yes');
    await second.stop();
  });

  it('refuses a folder in use, names the process there and leaves its servers alone', async () => {
    const { startRedisOnly } = setup();
    const first = await startRedisOnly();

    await expect(startRedisOnly()).rejects.toThrow(`already running here as process ${process.pid}`);

    expect(await withRedis(first.redisUrl, (redis) => redis.ping())).toBe('PONG');
    await first.stop();
  });

  it('takes another port when its own is taken', async () => {
    const { startRedisOnly, state } = setup();
    await (await startRedisOnly()).stop();
    const { port } = state('redis.pid');
    const stranger = createServer().listen(port, '127.0.0.1');
    await once(stranger, 'listening');

    const second = await startRedisOnly();

    expect(state('redis.pid').port).not.toBe(port);
    await second.stop();
    stranger.close();
  });

  it('finds its data in a folder that only its owner may enter', async () => {
    const { start, dataDir } = setup();
    const only = { dataDir: join(dataDir, 'below'), redisUrl: GIVEN.redisUrl, durable: false };
    const first = await start(only);
    // For root the data are elsewhere, where the user that PostgreSQL runs as can reach them.
    const cluster = realpathSync(join(only.dataDir, 'postgres'));
    await query(first.databaseUrl, 'CREATE TABLE kept ()');
    await first.stop();

    const second = await start(only);
    expect(await tablesOf(second.databaseUrl)).toEqual([{ names: ['kept'] }]);
    await second.stop();
    rmSync(cluster, { recursive: true });
  });

  it('refuses a database whose password is lost', async () => {
    const { start, dataDir } = setup();
    const only = { redisUrl: GIVEN.redisUrl, durable: false };
    await (await start(only)).stop();
    rmSync(join(dataDir, 'password'));

    await expect(start(only)).rejects.toThrow(`The password of the database in ${dataDir} is lost`);
    expect(existsSync(join(dataDir, 'lock'))).toBe(false);
  });
});

describe('the end of the service', () => {
  it('by Ctrl-C lets it drain before the servers go', async () => {
    const { dataDir, start, state } = setup();
    const service = await startInService(dataDir);
    const pids = [state('postgres.pid').pid, state('redis.pid').pid];

    process.kill(-service.pid!, 'SIGINT');
    expect(await once(service, 'exit')).toEqual([0, null]);

    expect(pids.map(identify)).toEqual([null, null]);
    const next = await start({ redisUrl: GIVEN.redisUrl });
    expect(await tablesOf(next.databaseUrl)).toEqual([{ names: ['drained', 'kept'] }]);
    await next.stop();
  });

  it('by kill -9 ends the servers too, and its lock does not stand in the way', async () => {
    const { dataDir, start, state } = setup();
    const service = await startInService(dataDir);
    const pids = [state('postgres.pid').pid, state('redis.pid').pid];

    service.kill('SIGKILL');
    await once(service, 'exit');
    await expectGone(pids);

    expect(state('lock').pid).toBe(service.pid);
    const next = await start({ redisUrl: GIVEN.redisUrl });
    expect(await tablesOf(next.databaseUrl)).toEqual([{ names: ['kept'] }]);
    await next.stop();
  });
});

describe('what a killed run left behind', () => {
  it('is stopped: a server', async () => {
    const { startRedisOnly, dataDir, lines } = setup();
    await (await startRedisOnly()).stop();
    const orphan = spawn('sleep', ['600']);
    const { pid, born } = identify(orphan.pid!)!;
    writeFileSync(join(dataDir, 'redis.pid'), `${pid}\n${born}\n0`);

    const next = await startRedisOnly();

    expect(identify(pid)).toBeNull();
    expect(lines).toEqual([`Stopping Redis (process ${pid}), left behind by a run that was killed.`]);
    await next.stop();
  });

  it('is not what now has its number: neither lock nor server', async () => {
    const { startRedisOnly, dataDir, lines } = setup();
    await (await startRedisOnly()).stop();
    const bystander = spawn('sleep', ['600']);
    writeFileSync(join(dataDir, 'lock'), `${process.pid}\nanother birth\n0`);
    writeFileSync(join(dataDir, 'redis.pid'), `${bystander.pid}\nanother birth\n0`);

    const next = await startRedisOnly();

    expect(lines).toEqual([]);
    await next.stop();
    const left = identify(bystander.pid!)!;
    expect(left).not.toBeNull();
    await end(left, 'SIGTERM');
  });

  it('and is taken by one of two starts at once', async () => {
    const { startRedisOnly, dataDir } = setup();
    await (await startRedisOnly()).stop();
    writeFileSync(join(dataDir, 'lock'), '1\nanother birth\n0');

    const starts = await Promise.allSettled([startRedisOnly(), startRedisOnly()]);

    expect(starts.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    for (const start of starts) if (start.status === 'fulfilled') await start.value.stop();
  });
});

describe('servers given by URL', () => {
  it('are used as they are: nothing is started, written or stopped', async () => {
    const { start, dataDir } = setup();

    const servers = await start(GIVEN);
    await servers.stop();

    expect(servers).toMatchObject({ ...GIVEN, pids: [] });
    expect(readdirSync(dataDir)).toEqual([]);
    expect(await query(servers.databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('stand beside one that is not', async () => {
    const { startRedisOnly, dataDir } = setup();

    const servers = await startRedisOnly();

    expect(servers.databaseUrl).toBe(GIVEN.databaseUrl);
    expect(servers.pids).toHaveLength(1);
    expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
    await servers.stop();
  });
});

describe('our own servers', () => {
  it('keep their secrets to their user, and jobs from being evicted', async () => {
    const { startRedisOnly, dataDir } = setup();
    const servers = await startRedisOnly();

    for (const file of ['password', 'redis.conf']) expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
    await withRedis(servers.redisUrl, async (redis) => {
      expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
      expect(await redis.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
    });
    await servers.stop();
  });
});

describe('where there is no Redis', () => {
  it('says what to install or set, in one sentence', async () => {
    const sources = [() => redisOnPath(''), () => Promise.resolve(null)];

    await expect(findRedis(searchTelling([]), sources)).rejects.toThrow(
      /^No Redis: [^.]*install "redis-server" \(or "valkey-server"\)[^.]*set REDIS_URL[^.]*\.$/,
    );
  });

  it('tries the next way after one that failed, and tells why', async () => {
    const lines: string[] = [];
    const program = { file: '/opt/redis-server' };
    const sources = [() => Promise.reject(new Error('no network')), () => Promise.resolve(program)];

    expect(await findRedis(searchTelling(lines), sources)).toBe(program);
    expect(lines).toEqual(['That did not work: no network']);
  });
});
