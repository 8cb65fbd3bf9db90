import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { StartTrigger } from '../../src/batch-jobs/batch-job-start.entity.js';
import type { ChangeResult, ScheduledStart } from '../../src/batch-jobs/batch-job.changes.js';
import type { ClaimResult } from '../../src/batch-jobs/schedule.repository.js';
import { by, CALLER, startIn, type JobRows } from '../support/job-rows.js';
import { ScheduleDatabase } from '../support/schedule-database.js';

// `STORM_ROUNDS=100 npm run test:int -- schedule-storm` is the long run.
const ROUNDS = Number(process.env.STORM_ROUNDS ?? 25);
const RESCHEDULES = 50;
const FIRES = 60;
// What is planned comes due while the storm still blows, and some of it only afterwards.
const HORIZON_MS = 250;

let database: ScheduleDatabase;
let rows: JobRows;
beforeAll(async () => {
  database = await ScheduleDatabase.create();
  rows = database.rows;
});
afterAll(() => database.drop());

/** What a caller was told, or a wake-up came to. */
type Event =
  | { readonly kind: 'moved' | 'cancelled' | 'started by request'; readonly result: ChangeResult<'past_start'> }
  | { readonly kind: 'fired'; readonly revision: number; readonly result: ClaimResult };

const upTo = (most: number): number => Math.floor(Math.random() * (most + 1));

const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((value) => ({ value, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);

const fire = async (id: string, revision: number, trigger: StartTrigger): Promise<Event> => ({
  kind: 'fired',
  revision,
  result: await database.schedules.claim({ batchJobId: id, revision }, trigger, 60),
});

/** Everything that can happen to one batch, in any order: wake-ups of every revision there was, is or will be. */
function storm(id: string, round: number): (() => Promise<Event>)[] {
  const moves = Array.from({ length: RESCHEDULES }, () => async (): Promise<Event> => {
    return {
      kind: 'moved',
      result: await database.schedules.reschedule(by(CALLER, id), startIn(1 + upTo(HORIZON_MS))),
    };
  });
  const fires = Array.from(
    { length: FIRES },
    (_, at) => () => fire(id, upTo(RESCHEDULES + 1), at % 2 ? 'timer' : 'sweep'),
  );
  // Those that know which schedule is in force, as the sweep does.
  const sweeps = Array.from({ length: FIRES }, () => async (): Promise<Event> => {
    return fire(id, (await rows.row(id)).revision, 'sweep');
  });
  const cancel = async (): Promise<Event> => ({
    kind: 'cancelled',
    result: await database.schedules.cancel(by(CALLER, id)),
  });
  const startNow = async (): Promise<Event> => {
    return { kind: 'started by request', result: await database.schedules.startNow(by(CALLER, id)) };
  };
  // In a third of the rounds nobody ends the batch, so that it must be started by a wake-up.
  const endings = [[cancel], [cancel, startNow], []][round % 3] ?? [];
  return shuffled([...moves, ...fires, ...sweeps, ...endings]);
}

/** After the storm: sweeps until nothing is left to be started. */
async function settle(id: string): Promise<Event[]> {
  const events: Event[] = [];
  for (;;) {
    const { status, revision } = await rows.row(id);
    if (status !== 'scheduled') return events;
    events.push(await fire(id, revision, 'sweep'));
  }
}

const acknowledged = (events: readonly Event[]): ScheduledStart[] =>
  events.flatMap(({ result }) => (result.outcome === 'changed' && result.scheduled ? [result.scheduled] : []));

async function expectOneLife(id: string, events: readonly Event[]): Promise<void> {
  const [history, starts, { status }] = [await rows.history(id), await rows.starts(id), await rows.row(id)];

  // Revisions strictly grow, one by one, and each change begins where the last one ended.
  const moved = history.filter(({ action }) => action === 'rescheduled');
  expect(moved.map(({ after }) => after.scheduleRevision)).toEqual(moved.map((_, at) => at + 2));
  for (let at = 1; at < history.length; at += 1) expect(history[at]?.before).toEqual(history[at - 1]?.after);

  // What was acknowledged is what was written, each revision to one caller.
  const promised = acknowledged(events).toSorted((a, b) => a.revision - b.revision);
  expect(promised.map(({ revision, startsAt }) => [revision, startsAt.toISOString()])).toEqual(
    moved.map(({ after }) => [after.scheduleRevision, after.startsAt]),
  );

  // It begins once or is cancelled before it, and is not moved afterwards; what runs may still be cancelled.
  const life = history.slice(moved.length).map(({ action }) => action);
  expect([['started'], ['cancelled'], ['started', 'cancelled']]).toContainEqual(life);
  expect(status).toBe(life.at(-1) === 'started' ? 'running' : 'cancelled');
  const told = events.filter(({ kind, result: { outcome } }) =>
    kind === 'started by request' ? outcome === 'changed' : outcome === 'started',
  );
  const began = life[0] === 'started' ? 1 : 0;
  expect([starts.length, told.length]).toEqual([began, began]);

  // By a wake-up of the schedule that was in force, of which there was one; and never before its time.
  const fired = events.flatMap((event) =>
    event.kind === 'fired' && event.result.outcome === 'started' ? event.revision : [],
  );
  expect(starts.map(({ revision, trigger }) => (trigger === 'request' ? [] : [revision]))).toEqual(
    starts.map(() => fired),
  );
  for (const { revision, plannedAt } of starts) {
    expect(revision).toBe(moved.length + 1);
    expect(plannedAt?.toISOString()).toBe(history[moved.length]?.before?.startsAt);
  }
  for (const { plannedAt, startedAt } of starts.filter(({ trigger }) => trigger !== 'request')) {
    expect(startedAt.getTime()).toBeGreaterThanOrEqual((plannedAt as Date).getTime());
  }
}

it(`one row under ${RESCHEDULES} moves, ${2 * FIRES} wake-ups, a cancel and a start at once, ${ROUNDS} rounds: one life each`, async () => {
  const endings: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = await rows.add({ startsInMs: upTo(HORIZON_MS) });
    const events = await Promise.all(storm(id, round).map((happens) => happens()));
    events.push(...(await settle(id)));

    await expectOneLife(id, events);
    const [start] = await rows.starts(id);
    const ending = start?.trigger ?? 'cancelled';
    endings[ending] = (endings[ending] ?? 0) + 1;
  }
  // A storm in which nothing was started, or everything, would prove little.
  expect(Object.keys(endings).length).toBeGreaterThan(1);
  if (process.env.STORM_ROUNDS) process.stderr.write(`endings of ${ROUNDS} rounds: ${JSON.stringify(endings)}\n`);
}, 300_000);
