import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Random } from '../faults/random.js';
import { eventually } from '../support/eventually.js';
import { CallWitness, MODES, type Sent } from '../support/call-witness.js';
import { CallingWorld } from '../support/calling-world.js';

/** Contacts that are called while everything is broken; the longest run had WITNESS_CONTACTS=12000. */
const CONTACTS = Number(process.env.WITNESS_CONTACTS ?? 1_000);
const SEED = Number(process.env.WITNESS_SEED ?? Math.floor(Math.random() * 2 ** 31));
const CONTACTS_OF_A_BATCH = 100;
const ORGANIZATION_LIMIT = 20;
const BATCH_LIMIT = 8;
const CALL_MS = 200;

// What was promised, and what a busy machine adds between a request on its way and the moment that it is written down.
const AFTER_ANSWER_MS = 1_000;
// DIAL_TIMEOUT_SECONDS of the world.
const TIME_LIMIT_MS = 2_000;

jest.setTimeout(400_000 + CONTACTS * 200);

const witness = new CallWitness(CALL_MS);
let world: CallingWorld;
beforeAll(async () => {
  await witness.start();
  const preload = pathToFileURL(resolve('test/faults/preload/collect-garbage.js')).href;
  world = await CallingWorld.create({
    organizationLimit: ORGANIZATION_LIMIT,
    batchLimit: BATCH_LIMIT,
    callsUrl: `${witness.url}/calls`,
    workerArgs: ['--import', preload],
  });
});
afterAll(async () => {
  await world.end();
  await witness.stop();
});

/** When nobody of a batch may be called: from the answer to a pause or cancel to the request to resume. */
interface Silence {
  readonly batchJobId: string;
  readonly from: number;
  until: number;
}

const silences: Silence[] = [];
const silence = (batchJobId: string): void => {
  silences.push({ batchJobId, from: Date.now(), until: Number.POSITIVE_INFINITY });
};

async function pause(id: string): Promise<void> {
  await world.send('POST', `/batch/jobs/${id}/pause`);
  silence(id);
}

async function cancel(id: string): Promise<void> {
  await world.send('POST', `/batch/jobs/${id}/cancel`);
  silence(id);
}

async function resume(id: string): Promise<void> {
  for (const each of silences) if (each.batchJobId === id) each.until = Math.min(each.until, Date.now());
  await world.send('POST', `/batch/jobs/${id}/resume`);
}

const inStatus = async (status: string, ids: readonly string[]): Promise<string[]> => {
  const rows = await world.postgres.ask<{ id: string }>(
    'select id from batch_jobs where id = any ($1) and status = $2 order by id',
    [ids, status],
  );
  return rows.map(({ id }) => id);
};

/** One thing that happens: to the call service, to a batch, to a worker or to Redis. */
async function disturb(random: Random, ids: readonly string[]): Promise<void> {
  const [running, paused] = [await inStatus('running', ids), await inStatus('paused', ids)];
  const kind = random.next();
  // What a person asks for may come too late: the batch has ended, or was paused by the service.
  const unlessTooLate = (asked: Promise<void>) => asked.catch(() => undefined);
  if (kind < 0.3) await witness.be(random.next() < 0.6 ? 'well' : random.pick(MODES));
  else if (kind < 0.5 && running.length > 0) await unlessTooLate(pause(random.pick(running)));
  else if (kind < 0.85 && paused.length > 0) await unlessTooLate(resume(random.pick(paused)));
  else if (kind < 0.87 && running.length > 2) await unlessTooLate(cancel(random.pick(running)));
  else if (kind > 0.97) await world.redis.ask((client) => client.flushall());
  else if (kind > 0.92) await world.restartWorker(random.between(1, 2));
}

const ENDED = `batch_job_id = any ($1) and ended_at is not null and placed_at is not null`;

/** Calls that were made, by their ids, from the requests that were answered with an outcome. */
const callsTaken = (): Set<string> => new Set(witness.sent.flatMap(({ callId, isTaken }) => (isTaken ? [callId] : [])));

const duringSilence = ({ at, callId, batchJobId }: Sent): string[] =>
  silences
    .filter((each) => each.batchJobId === batchJobId && at > each.from + AFTER_ANSWER_MS && at < each.until)
    .map(({ from }) => `${callId} was sent ${at - from} ms after its batch was paused or cancelled`);

function afterTheTimeLimit(): string[] {
  const placedAt = new Map<string, number>();
  for (const { msg, callId, time } of world.workerLines)
    if (msg === 'call placed') placedAt.set(String(callId), Date.parse(String(time)));
  return witness.sent
    .filter(({ at, callId }) => at > (placedAt.get(callId) ?? at) + TIME_LIMIT_MS + AFTER_ANSWER_MS)
    .map(({ at, callId }) => `${callId} was sent ${at - (placedAt.get(callId) ?? at)} ms after it was handed out`);
}

/** Calls placed twice, and calls to people who had answered one before. */
function* calledAgain(outcomes: ReadonlyMap<string, string>): Generator<string> {
  const [called, answered] = [new Set<string>(), new Set<string>()];
  for (const { callId, contactId, isTaken } of witness.sent) {
    if (!isTaken) continue;
    if (called.has(callId)) yield `${callId} was called twice`;
    if (answered.has(contactId)) yield `${callId} called somebody who had answered`;
    called.add(callId);
    if (outcomes.get(callId) === 'answered') answered.add(contactId);
  }
}

/** What must not be, by what the witness saw. */
async function violations(ids: readonly string[]): Promise<string[]> {
  const taken = callsTaken();
  const ended = await world.postgres.ask<{ id: string; outcome: string; reason: string | null }>(
    `select id, outcome, reason from call_attempts where ${ENDED}`,
    [ids],
  );
  const counted = await world.count(
    `select coalesce(sum(contacts), 0) as count from contact_counts where batch_job_id = any ($1)`,
    ids,
  );
  const listed = await world.count(`select count(*) from contacts where batch_job_id = any ($1)`, ids);
  return [
    ...witness.sent.flatMap(duringSilence),
    ...afterTheTimeLimit(),
    ...calledAgain(new Map(ended.map(({ id, outcome }) => [id, outcome]))),
    ...ended
      .filter(({ id, reason }) => !taken.has(id) && reason !== 'unknown_outcome')
      .map(({ id, outcome, reason }) => `${id} ended as ${outcome} (${reason}), and nobody was called`),
    ...(counted === listed ? [] : [`counters say ${counted}, there are ${listed} contacts`]),
  ];
}

it('calls nobody after a pause, a cancel or the time limit, and spends no contact by the state of the call service', async () => {
  const random = new Random(SEED);
  const ids: string[] = [];
  for (let contacts = 0; contacts < CONTACTS; contacts += CONTACTS_OF_A_BATCH) {
    ids.push(await world.aRunningBatch(Math.min(CONTACTS_OF_A_BATCH, CONTACTS - contacts)));
  }
  const isLeft = () =>
    world.count(
      `select count(*) from contacts where batch_job_id = any ($1) and status in ('pending', 'dialing')`,
      ids,
    );
  await eventually(() => expect(witness.sent.length).toBeGreaterThan(0), 120_000);
  // No longer than that: with a call service that is mostly away it would be a long day.
  for (let steps = 0; steps < CONTACTS / 4 && (await isLeft()) > 0; steps += 1) {
    await disturb(random.fork(`step ${steps}`), ids);
    await sleep(300 + random.next() * 700);
  }

  await witness.be('well');
  const goOn = async () => {
    for (const id of await inStatus('paused', ids)) await resume(id);
    await world.passRetryDelays(ids);
  };
  await world.until(
    `select count(*) from batch_jobs where id = any ($1) and status not in ('completed', 'cancelled')`,
    ids,
    goOn,
  );
  await world.until(`select count(*) from call_attempts where batch_job_id = any ($1) and ended_at is null`, ids);

  const found = await violations(ids);
  const figures = { seed: SEED, sent: witness.sent.length, called: callsTaken().size, silences: silences.length };
  process.stderr.write(`witness: ${JSON.stringify(figures)}\n`);
  expect({ seed: SEED, found }).toEqual({ seed: SEED, found: [] });
});
