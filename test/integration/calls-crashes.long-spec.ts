import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallingWorld } from '../support/calling-world.js';
import { eventually } from '../support/eventually.js';
import { HttpService, reply } from '../support/http-service.js';
import { MOST_AT_ONE_TIME } from '../support/most-at-one-time.js';

/** Times that each thing is broken while people are being called; the long form has CRASHES=20. */
const CRASHES = Number(process.env.CRASHES ?? 2);
const CONTACTS = 60 * CRASHES;
const ORGANIZATION_LIMIT = 20;
const BATCH_LIMIT = 12;
const CALL_MS = 150;

jest.setTimeout(400_000 + CRASHES * 20_000);

let calls: HttpService;
let world: CallingWorld;

beforeAll(async () => {
  calls = await HttpService.start();
  world = await CallingWorld.create({
    organizationLimit: ORGANIZATION_LIMIT,
    batchLimit: BATCH_LIMIT,
    callsUrl: `${calls.url}/calls`,
  });
});
afterAll(async () => {
  await world.end();
  await calls.stop();
});

const OF_BATCHES = `batch_job_id = any ($1)`;

/** Breaks something while two batches are called, and lets them come to their end. */
async function survive(disturb: (round: number) => Promise<void>) {
  const from = calls.received.length;
  calls.answer = async ({ method }, response) => {
    if (method === 'GET') return reply(response, 404, { code: 'unknown' });
    await sleep(CALL_MS);
    return reply(response, 200, { outcome: 'answered', durationSeconds: 30 });
  };
  const ids = [await world.aRunningBatch(CONTACTS / 2), await world.aRunningBatch(CONTACTS / 2)];
  for (let round = 0; round < CRASHES; round += 1) {
    await calledSince(calls.received.length);
    await disturb(round);
  }
  await world.until(`select count(*) from contacts where ${OF_BATCHES} and status in ('pending', 'dialing')`, ids);
  const tooSoon = await retriesTooSoon(ids);
  await world.passRetryDelays(ids);
  await world.until(`select count(*) from batch_jobs where id = any ($1) and status <> 'completed'`, ids);
  const unknown = await world.count(
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
  const found = await world.postgres.ask<{ id: string }>(
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
  const known = await world.postgres.ask<{ id: string }>(
    `select contact_id as id from call_attempts where ${OF_BATCHES} and attempt = 1 and reason is distinct from 'unknown_outcome'`,
    [ids],
  );
  const settled = new Set(known.map(({ id }) => id));
  const open = await world.count(`select count(*) from contacts where ${OF_BATCHES} and completed_at is null`, ids);
  const counted = await world.count(
    `select coalesce(sum(contacts), 0) as count from contact_counts where ${OF_BATCHES}`,
    ids,
  );
  const miscounted = await world.count(
    `select count(*) from contact_counts where ${OF_BATCHES} and contacts <> (
       select count(*) from contacts where contacts.batch_job_id = contact_counts.batch_job_id
          and contacts.status = contact_counts.status)`,
    ids,
  );
  const most = await world.postgres.ask<{ holder: string; most: number }>(MOST_AT_ONE_TIME);
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
      await world.restartWorker((round % 2) + 1);
    });
    tell('workers killed', figures);
    expect(figures).toMatchObject({ violations: [] });
  });

  it('survive a Redis that forgets everything, and one that is killed', async () => {
    const figures = await survive(async (round) => {
      if (round % 2 === 0) await world.redis.ask((client) => client.flushall());
      else {
        await world.redis.kill();
        await world.redis.start();
      }
    });
    tell('Redis flushed or killed', figures);
    expect(figures).toMatchObject({ violations: [] });
  });

  it('survive a PostgreSQL that crashes, or is restarted', async () => {
    const figures = await survive(async (round) => {
      await (round % 2 === 0 ? world.postgres.crash() : world.postgres.stop());
      await world.postgres.start();
    });
    tell('PostgreSQL crashed or restarted', figures);
    expect(figures).toMatchObject({ violations: [] });
  });
});
