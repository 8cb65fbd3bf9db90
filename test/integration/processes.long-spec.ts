/* oxlint-disable jest/no-standalone-expect -- what runs at the same time is reported as tests */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { atTheSameTime } from '../support/at-the-same-time.js';
import { anOrganization } from '../support/an-organization.js';
import { eventually } from '../support/eventually.js';
import { JobRows } from '../support/job-rows.js';
import { freePort, Program } from '../support/programs.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestDatabase } from '../support/test-database.js';

const REDIS_URL = process.env.TEST_REDIS_URL ?? '';
const BOUND_MS = 15_000;
// `KILLS=20` is the long run.
const KILLS = Number(process.env.KILLS ?? 3);
const AT_ONCE = 3;
const API = 'dist/src/main.js';
const WORKER = 'dist/src/worker.js';

let testDatabase: TestDatabase;
let database: DataSource;
let rows: JobRows;
let key: string;
/** Workers without a PostgreSQL: they try for half a minute, while the other tests run. */
const unconnected = new Map<string, Program>();
const settings = { apiKeyPepper: 'a pepper that is only good for tests', redisKeyPrefix: `{test-${randomUUID()}}` };

/** What the tests opened, to be closed whatever becomes of them. */
const open: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  testDatabase = await TestDatabase.create();
  database = await new DataSource(dataSourceOptions(testDatabase.url, 5)).initialize();
  rows = new JobRows(database);
  key = await anOrganization({ ...settings, databaseUrl: testDatabase.url, redisUrl: REDIS_URL }, 0);
  for (const host of ['127.0.0.1', 'localhost']) {
    const url = `postgres://nobody:secret@${host}:${await freePort()}/none`;
    unconnected.set(host, run(WORKER, environment(REDIS_URL, { DATABASE_URL: url, LOG_LEVEL: 'silent' })));
  }
});
afterAll(async () => {
  for (const close of open.splice(0).toReversed()) await close();
  await database.destroy();
  await testDatabase.drop();
});

const environment = (redisUrl: string, more: Readonly<Record<string, string>> = {}) => ({
  DATABASE_URL: testDatabase.url,
  REDIS_URL: redisUrl,
  API_KEY_PEPPER: settings.apiKeyPepper,
  REDIS_KEY_PREFIX: settings.redisKeyPrefix,
  RATE_LIMIT_PER_MINUTE: '1000000',
  DIALER: 'simulated',
  ...more,
});

function run(script: string, env: Readonly<Record<string, string>>): Program {
  const program = Program.run(script, [], env);
  open.push(() => program.end('SIGKILL'));
  return program;
}

class Refused extends Error {
  constructor(readonly status: number) {
    super(`refused with ${status}`);
  }
}

/** The API role, ready for requests. */
async function anApi(redisUrl: string) {
  const port = await freePort();
  const program = run(API, environment(redisUrl, { PORT: String(port) }));
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (!answer) throw new Error(`the API does not answer\n${program.output}`);
  }, 90_000);
  const send = async (method: string, path: string, body?: unknown, idempotencyKey?: string) => {
    const headers = {
      authorization: `Bearer ${key}`,
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const isReplayed = response.headers.get('idempotency-replayed') === 'true';
    return { status: response.status, isReplayed, body: (await response.json()) as Record<string, unknown> };
  };
  const create = async (scheduledStartTime: string): Promise<string> => {
    const contacts = [{ phone: '+12025550123' }];
    const batch = { name: 'a batch', fromPhoneNumberId: 'phone_a', contacts, scheduledStartTime };
    const { status, body } = await send('POST', '/batch/create', batch);
    if (status !== 200) throw new Refused(status);
    return String(body.batchJobId);
  };
  const reschedule = (id: string, scheduledStartTime: string, idempotencyKey?: string) => {
    const query = new URLSearchParams({ scheduledStartTime }).toString();
    return send('PATCH', `/batch/jobs/${id}/reschedule?${query}`, undefined, idempotencyKey);
  };
  return { program, url, create, reschedule };
}

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

const started = (id: string, withinMs: number) =>
  eventually(async () => {
    const [start] = await rows.starts(id);
    if (!start) throw new Error(`${id} is ${(await rows.row(id)).status}`);
    return start;
  }, withinMs);

/** Begins a move and holds it at its statement while `meanwhile` comes about: the rate limit is behind it, Redis ahead. */
async function whileHeld(
  id: string,
  move: () => Promise<unknown>,
  meanwhile: () => void,
): Promise<{ answer: Promise<string> }> {
  const holder = database.createQueryRunner();
  await holder.startTransaction();
  const [{ pid }] = await holder.query('select pg_backend_pid() as pid from batch_jobs where id = $1 for update', [id]);
  const answer = move().then(
    () => 'answered',
    () => 'broken off',
  );
  await eventually(async () => {
    const waiting = await database.query('select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))', [pid]);
    if (waiting.length === 0) throw new Error('the move has not reached its statement');
  });
  meanwhile();
  await holder.rollbackTransaction();
  await holder.release();
  return { answer };
}

/** Moves a batch while Redis is silent, and kills the process that just committed the move and waits for Redis. */
async function killAfterCommit(isPostponed: boolean, idempotencyKey?: string): Promise<{ id: string; to: string }> {
  const proxy = await TcpProxy.start(REDIS_URL);
  open.push(() => proxy.stop());
  const api = await anApi(proxy.url);
  // Postponed: the old wake-up fires too early. Else there is none yet at the new time.
  const [before, to] = isPostponed ? [inMs(2_000), inMs(6_000)] : [inMs(3_600_000), inMs(5_000)];
  const id = await api.create(before);
  // A request waits for a silent Redis once: what the rate limit waited would be missing after the commit.
  const { answer } = await whileHeld(
    id,
    () => api.reschedule(id, to, idempotencyKey),
    () => proxy.blackhole(),
  );
  await eventually(async () => {
    const { revision } = await rows.row(id);
    if (revision !== 2) throw new Error(`revision ${revision}`);
  });
  expect(await api.program.end('SIGKILL')).toBeNull();
  expect(await answer).toBe('broken off');
  return { id, to };
}

describe('kill -9 of the API between commit and Redis', () => {
  it(`${KILLS} times: no batch is lost, none is started twice or early`, async () => {
    const worker = run(WORKER, environment(REDIS_URL));
    const moved: { id: string; to: string }[] = [];
    while (moved.length < KILLS) {
      moved.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => killAfterCommit(at % 2 === 1)))));
    }

    const told: string[] = [];
    for (const { id, to } of moved) {
      const { revision, plannedAt, startedAt, trigger, lateMs } = await started(id, 25_000);
      expect([revision, plannedAt?.toISOString()]).toEqual([2, to]);
      expect(startedAt.getTime()).toBeGreaterThanOrEqual(Date.parse(to));
      expect(lateMs).toBeLessThan(BOUND_MS);
      expect((await rows.history(id)).map(({ action }) => action)).toEqual(['created', 'rescheduled', 'started']);
      told.push(`${trigger} ${lateMs} ms`);
    }
    if (process.env.TELL_LATENESS) process.stderr.write(`${told.length} kills: ${told.join(', ')}\n`);
    expect(await worker.end('SIGTERM')).toBe(0);
  }, 180_000);
});

describe('a request sent again after kill -9 between commit and Redis', () => {
  it('under its Idempotency-Key is answered, and nothing is done again', async () => {
    const idempotencyKey = randomUUID();
    const { id, to } = await killAfterCommit(false, idempotencyKey);
    const next = await anApi(REDIS_URL);

    const { status, isReplayed, body } = await next.reschedule(id, to, idempotencyKey);

    expect({ status, isReplayed, body }).toMatchObject({
      status: 200,
      isReplayed: true,
      body: { batchJobId: id, scheduleRevision: 2, newScheduledJobId: `${id}.r2`, oldJobCancelled: false },
    });
    const moves = (await rows.history(id)).filter(({ action }) => action === 'rescheduled');
    expect(moves).toHaveLength(1);
  });
});

/** @returns the exit code, or what the program said last if it is not 0 */
async function endWell(program: Program): Promise<unknown> {
  const code = await program.end('SIGTERM');
  return code === 0 ? code : { code, output: program.output.slice(-2_000) };
}

describe('SIGTERM', () => {
  it('under load: both roles end with code 0, in time, and what was acknowledged holds', async () => {
    const [worker, api] = [run(WORKER, environment(REDIS_URL)), await anApi(REDIS_URL)];
    const acknowledged = new Map<string, string>();
    const answers = new Set<number | 'no connection'>();
    const ending = new AbortController();
    const load = Array.from({ length: 8 }, async () => {
      while (!ending.signal.aborted) {
        try {
          const id = await api.create(inMs(3_600_000));
          // Ahead by more than any answer takes, or the move would be one into the past.
          const to = inMs(5_000 + Math.random() * 1_500);
          const { status } = await api.reschedule(id, to);
          answers.add(status);
          if (status === 200) acknowledged.set(id, to);
        } catch (error) {
          answers.add(error instanceof Refused ? error.status : 'no connection');
        }
      }
    });
    await eventually(() => {
      if (acknowledged.size < 50) throw new Error(`${acknowledged.size} acknowledged`);
    }, 90_000);

    const from = performance.now();
    const codes = await Promise.all([api.program.end('SIGTERM'), worker.end('SIGTERM')]);
    ending.abort();
    await Promise.all(load);

    expect(codes).toEqual([0, 0]);
    expect(performance.now() - from).toBeLessThan(25_000);
    // 503 on a connection that is still open; whatever it is, nothing but these.
    expect([200, 503, 'no connection']).toEqual(expect.arrayContaining([...answers]));
    // The next worker starts what was left, none early and none twice.
    const next = run(WORKER, environment(REDIS_URL));
    for (const [id, to] of acknowledged) {
      const { plannedAt, startedAt } = await started(id, 20_000);
      expect(plannedAt?.toISOString()).toBe(to);
      expect(startedAt.getTime()).toBeGreaterThanOrEqual(Date.parse(to));
    }
    expect(await next.end('SIGTERM')).toBe(0);
  });

  const endsWhile = async (fail: (redis: RedisServer) => void | Promise<void>) => {
    const redis = await RedisServer.create();
    open.push(() => redis.kill());
    const [worker, api] = [run(WORKER, environment(redis.url)), await anApi(redis.url)];
    await started(await api.create(inMs(5_000)), 20_000);
    await fail(redis);
    await started(await rows.add({ startsInMs: -1_000 }), 20_000);

    const from = performance.now();
    const codes = await Promise.all([worker, api.program].map(endWell));
    expect(codes).toEqual([0, 0]);
    expect(performance.now() - from).toBeLessThan(15_000);
  };

  atTheSameTime({
    'ends both roles with code 0 while Redis is dead': () => endsWhile((redis) => redis.kill()),
    'ends both roles with code 0 while Redis is frozen': () => endsWhile((redis) => redis.freeze()),
  });

  it('ends a worker with code 0 whose Redis was never there', async () => {
    const worker = run(WORKER, environment(`redis://127.0.0.1:${await freePort()}`));
    await started(await rows.add({ startsInMs: -2_000 }), 20_000);

    expect(await worker.end('SIGTERM')).toBe(0);
  });
});

describe('a start that fails', () => {
  it.each([API, WORKER])('%s names every variable that is missing, once, and no value', async (script) => {
    const program = run(script, { API_KEY_PEPPER: 'short secret', PORT: 'eighty' });

    expect(await program.exited).toBe(1);

    expect(program.output).toBe(
      [
        'The environment is not complete:',
        '  DATABASE_URL is not set; it must be an address that begins with postgres:// or postgresql://.',
        '  REDIS_URL is not set; it must be redis://host, redis+sentinel://host,host/master or redis+cluster://host,host; with TLS rediss in the place of redis.',
        '  API_KEY_PEPPER must be at least 32 characters.',
        '  PORT must be a whole number from 0 to 65535.',
        '  DIALER is not set; it must be one of simulated, http, twilio.',
        '',
      ].join('\n'),
    );
  });

  it('says that the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };

    const program = run(API, environment(REDIS_URL, { PORT: String(port), LOG_LEVEL: 'silent' }));

    expect(await program.exited).toBe(1);
    expect(program.output).toMatch(new RegExp(`^Port ${port} is taken by another program\\..*\n$`));
    other.close();
  });

  it.each(['127.0.0.1', 'localhost'])('says that PostgreSQL does not answer at %s', async (host) => {
    const program = unconnected.get(host) as Program;

    expect(await program.exited).toBe(1);
    expect(program.output).toMatch(/^Nothing answers at .*:\d+\. Start the server there, or correct DATABASE_URL.*\n$/);
    expect(program.output).not.toContain('undefined');
    expect(program.output).not.toContain('secret');
  });
});
