import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { runMigrations } from '../../src/database/data-source.js';
import { PostgresServer } from '../faults/postgres-server.js';
import { anOrganization } from '../support/an-organization.js';
import { eventually } from '../support/eventually.js';
import { HttpService, reply } from '../support/http-service.js';
import { MOST_AT_ONE_TIME } from '../support/most-at-one-time.js';
import { freePort, Program } from '../support/programs.js';
import { RedisServer } from '../support/redis-server.js';

/** Times that each thing is broken while people are being called; the long form has CRASHES=20. */
const CRASHES = Number(process.env.CRASHES ?? 2);
const CONTACTS = 60 * CRASHES;
const ORGANIZATION_LIMIT = 20;
const BATCH_LIMIT = 12;
const CALL_MS = 150;

jest.setTimeout(60_000 + CRASHES * 20_000);

let postgres: PostgresServer;
let redis: RedisServer;
let calls: HttpService;
let key: string;
let environment: Readonly<Record<string, string>>;
let url: string;
const programs = new Map<string, Program>();

beforeAll(async () => {
  [postgres, redis, calls] = [await PostgresServer.create(), await RedisServer.create(), await HttpService.start()];
  await runMigrations(postgres.url);
  const servers = { databaseUrl: postgres.url, redisUrl: redis.url };
  const apiKeyPepper = 'a pepper that is only good for tests';
  key = await anOrganization({ ...servers, apiKeyPepper }, ORGANIZATION_LIMIT);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  environment = {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    API_KEY_PEPPER: apiKeyPepper,
    RATE_LIMIT_PER_MINUTE: '1000000',
    PORT: String(port),
    DIALER: 'http',
    HTTP_DIALER_URL: `${calls.url}/calls`,
    HTTP_DIALER_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
    DIAL_TIMEOUT_SECONDS: '2',
    RETRY_DELAYS_MINUTES: '0',
  };
  programs.set('api', Program.run('dist/src/main.js', [], environment));
  await eventually(async () => (await fetch(`${url}/health`)).text(), 30_000);
  for (const name of ['worker 1', 'worker 2']) await startWorker(name);
});
afterAll(async () => {
  await Promise.all([...programs.values()].map((program) => program.end('SIGKILL')));
  await Promise.all([calls.stop(), redis.kill()]);
  await postgres.remove();
});

async function startWorker(name: string): Promise<void> {
  programs.set(name, Program.run('dist/src/worker.js', [], environment));
}

async function send(method: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) };
  const answer = await fetch(`${url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}

/** A batch that is being called. @returns its id */
async function aRunningBatch(contacts: number): Promise<string> {
  const list = Array.from({ length: contacts }, (_, at) => ({ phone: `+1202${5_000_000 + at}` }));
  const body = { name: 'b', fromPhoneNumberId: 'phone_a', concurrentCallLimit: BATCH_LIMIT, maxAttempts: 2 };
  const { batchJobId } = await send('POST', '/batch/create', { ...body, contacts: list });
  await send('POST', `/batch/jobs/${String(batchJobId)}/start`);
  return String(batchJobId);
}

const OF_BATCHES = `batch_job_id = any ($1)`;
const count = async (sql: string, ids: readonly string[]): Promise<number> =>
  Number((await postgres.ask<{ count: string }>(sql, [ids]))[0].count);

/** Lets time pass: what was placed seconds ago has ended long ago, as no call takes longer than that. */
const passLeases = (ids: readonly string[]) =>
  postgres.ask(
    `update call_attempts set lease_ends_at = clock_timestamp() - interval '1 second'
      where ${OF_BATCHES} and ended_at is null and placed_at < clock_timestamp() - interval '5 seconds'`,
    [ids],
  );

const isZero = async (sql: string, ids: readonly string[]): Promise<void> => {
  const found = await count(sql, ids);
  if (found > 0) throw new Error(`${found}: ${sql}`);
};

/** Waits until a query finds nothing any more, letting leases end meanwhile. */
const until = (sql: string, ids: readonly string[]) =>
  eventually(async () => {
    await passLeases(ids);
    await isZero(sql, ids);
  }, 60_000);

/** Breaks something while two batches are called, and lets them come to their end. */
async function survive(disturb: (round: number) => Promise<void>) {
  const from = calls.received.length;
  calls.answer = async ({ method }, response) => {
    if (method === 'GET') return reply(response, 404, { code: 'unknown' });
    await sleep(CALL_MS);
    return reply(response, 200, { outcome: 'answered', durationSeconds: 30 });
  };
  const ids = [await aRunningBatch(CONTACTS / 2), await aRunningBatch(CONTACTS / 2)];
  for (let round = 0; round < CRASHES; round += 1) {
    await calledSince(calls.received.length);
    await disturb(round);
  }
  await until(`select count(*) from contacts where ${OF_BATCHES} and status in ('pending', 'dialing')`, ids);
  const tooSoon = await retriesTooSoon(ids);
  await postgres.ask(
    `update contacts set next_retry_at = clock_timestamp() where ${OF_BATCHES} and status = 'queued'`,
    [ids],
  );
  await until(`select count(*) from batch_jobs where id = any ($1) and status <> 'completed'`, ids);
  const unknown = await count(
    `select count(*) from call_attempts where ${OF_BATCHES} and reason = 'unknown_outcome'`,
    ids,
  );
  return {
    unknown,
    calls: calls.received.slice(from).filter(({ method }) => method === 'POST').length,
    violations: [...tooSoon, ...(await violations(ids, from))],
  };
}

/** A few calls more, or none left. */
const calledSince = (before: number) =>
  eventually(() => {
    if (calls.received.length < before + 5) throw new Error('not yet');
  }, 10_000).catch(() => undefined);

/** Nobody is called again within five minutes of an unknown outcome, and this run is shorter than that. */
async function retriesTooSoon(ids: readonly string[]): Promise<string[]> {
  const found = await postgres.ask<{ id: string }>(
    `select call.id from call_attempts as call join contacts on contacts.id = call.contact_id
      where contacts.${OF_BATCHES} and (call.attempt > 1 or contacts.status = 'queued' and (
        call.reason is distinct from 'unknown_outcome' or next_retry_at < call.ended_at + interval '5 minutes'))`,
    [ids],
  );
  return found.map(({ id }) => `${id} is, or precedes, a call that comes too soon`);
}

/** What must not be, of batches that have come to their end. */
async function violations(ids: readonly string[], from: number): Promise<string[]> {
  const requests = calls.received
    .slice(from)
    .filter(({ method }) => method === 'POST')
    .map(({ body }) => JSON.parse(body) as { callId: string; contactId: string; attempt: number });
  const known = await postgres.ask<{ id: string }>(
    `select contact_id as id from call_attempts where ${OF_BATCHES} and attempt = 1 and reason is distinct from 'unknown_outcome'`,
    [ids],
  );
  const settled = new Set(known.map(({ id }) => id));
  const open = await count(`select count(*) from contacts where ${OF_BATCHES} and completed_at is null`, ids);
  const counted = await count(
    `select coalesce(sum(contacts), 0) as count from contact_counts where ${OF_BATCHES}`,
    ids,
  );
  const miscounted = await count(
    `select count(*) from contact_counts where ${OF_BATCHES} and contacts <> (
       select count(*) from contacts where contacts.batch_job_id = contact_counts.batch_job_id
          and contacts.status = contact_counts.status)`,
    ids,
  );
  const most = await postgres.ask<{ holder: string; most: number }>(MOST_AT_ONE_TIME);
  return [
    ...requests
      .filter(({ callId }, at) => requests.findIndex((other) => other.callId === callId) !== at)
      .map(({ callId }) => `${callId} was dialled twice`),
    ...requests
      .filter(({ contactId, attempt }) => attempt > 1 && settled.has(contactId))
      .map(({ callId }) => `${callId} was dialled although the outcome was known`),
    ...(open > 0 ? [`${open} contacts have not ended`] : []),
    ...(counted !== CONTACTS || miscounted > 0 ? [`counters: ${counted} of ${CONTACTS}, ${miscounted} wrong`] : []),
    ...most
      .filter(({ holder, most: atOnce }) => atOnce > (holder === 'org_a' ? ORGANIZATION_LIMIT : BATCH_LIMIT))
      .map(({ holder, most: atOnce }) => `${holder} had ${atOnce} calls at one time`),
  ];
}

const tell = (what: string, figures: object): void => {
  if (process.env.TELL_CRASHES) process.stderr.write(`${what}: ${CRASHES} times, ${JSON.stringify(figures)}\n`);
};

describe('calls', () => {
  it('survive workers that are killed while they dial', async () => {
    const figures = await survive(async (round) => {
      const name = `worker ${(round % 2) + 1}`;
      await programs.get(name)?.end('SIGKILL');
      await startWorker(name);
    });
    tell('workers killed', figures);
    expect(figures).toMatchObject({ violations: [] });
  });

  it('survive a Redis that forgets everything, and one that is killed', async () => {
    const figures = await survive(async (round) => {
      if (round % 2 === 0) await redis.ask((client) => client.flushall());
      else {
        await redis.kill();
        await redis.start();
      }
    });
    tell('Redis flushed or killed', figures);
    expect(figures).toMatchObject({ violations: [] });
  });

  it('survive a PostgreSQL that crashes, or is restarted', async () => {
    const figures = await survive(async (round) => {
      await (round % 2 === 0 ? postgres.crash() : postgres.stop());
      await postgres.start();
    });
    tell('PostgreSQL crashed or restarted', figures);
    expect(figures).toMatchObject({ violations: [] });
  });
});
