import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BatchJobChanges } from '../../src/batch-jobs/batch-job.changes.js';
import { ScheduleRepository } from '../../src/batch-jobs/schedule.repository.js';
import { Database } from '../../src/shared/database.js';
import { Idempotency } from '../../src/shared/idempotency.js';
import { by, CALLER, startIn, type JobRows, type NewRow } from '../support/job-rows.js';
import { ScheduleDatabase } from '../support/schedule-database.js';

/*
 * What many ask for at one time is done by one statement, and each is judged as if it had been alone.
 */

const HOUR_MS = 3_600_000;
const HOUR_MINUTES = 60;
const UNKNOWN_ID = 'batch_01ARZ3NDEKTSV4RRFFQ69G5FAV';

let database: ScheduleDatabase;
let schedules: ScheduleRepository;
let rows: JobRows;
beforeAll(async () => {
  database = await ScheduleDatabase.create();
  ({ schedules, rows } = database);
});
afterAll(() => database.drop());
afterEach(() => database.source.query('truncate batch_jobs cascade'));

const add = (count: number, row: NewRow = {}): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => rows.add(row)));

const move = (id: string, reason?: string) => schedules.reschedule(by(CALLER, id, { reason }), startIn(HOUR_MS));

const claim = (id: string, revision = 1, repository = schedules) =>
  repository.claim({ batchJobId: id, revision }, 'timer', HOUR_MINUTES);

/** In how many transactions the rows were last changed. */
async function transactions(ids: readonly string[]): Promise<number> {
  const [{ count }] = await database.source.query<[{ count: number }]>(
    'select count(distinct xmin::text)::integer as count from batch_jobs where id = any ($1)',
    [ids],
  );
  return count;
}

/** Has a rival hold the row until the work is done. */
async function whileLocked<T>(id: string, work: () => Promise<T>): Promise<T> {
  const rival = await database.session();
  try {
    await rival.query('begin');
    await rival.query('select from batch_jobs where id = $1 for no key update', [id]);
    return await work();
  } finally {
    await rival.end();
  }
}

describe('moves at one time', () => {
  it('share a commit, and each is answered for its own job', async () => {
    const ids = await add(60);
    const reasons = ids.map((_, at) => `reason ${at}`);

    const moved = await Promise.all(ids.map((id, at) => move(id, reasons[at])));

    expect(moved.map((each) => each.outcome === 'changed' && each.scheduled)).toEqual(
      ids.map((batchJobId) => ({ batchJobId, revision: 2, startsAt: expect.any(Date) })),
    );
    expect(await transactions(ids)).toBeLessThan(10);
    const histories = await Promise.all(ids.map((id) => rows.history(id)));
    expect(histories.map((history) => history.map(({ reason }) => reason))).toEqual(reasons.map((each) => [each]));
  });

  it('are refused each for its own reason', async () => {
    const [running] = await add(1, { status: 'running' });
    const [ofAnother] = await add(1, { organizationId: 'org_b' });
    const [late] = await add(1);
    const good = await add(20);

    const results = await Promise.all([
      ...good.slice(0, 10).map((id) => move(id)),
      move(running),
      move(ofAnother),
      move(UNKNOWN_ID),
      schedules.reschedule(by(CALLER, late), startIn(-1)),
      ...good.slice(10).map((id) => move(id)),
    ]);

    expect(results.slice(10, 14)).toEqual([
      { outcome: 'refused', refusal: 'status', status: 'running', entityTag: expect.any(String) },
      { outcome: 'not_found' },
      { outcome: 'not_found' },
      { outcome: 'refused', refusal: 'past_start', status: 'scheduled', entityTag: expect.any(String) },
    ]);
    expect(results.filter(({ outcome }) => outcome === 'changed')).toHaveLength(20);
  });

  it('do not wait for a job that somebody holds, and it is moved when it is free', async () => {
    const [held, ...others] = await add(21);
    let moving: ReturnType<typeof move>[] = [];

    await whileLocked(held, async () => {
      moving = [...others.slice(0, 1), held, ...others.slice(1)].map((id) => move(id));
      const [ofHeld] = moving.splice(1, 1);
      const moved = await Promise.all(moving);
      expect(moved.map(({ outcome }) => outcome)).toEqual(others.map(() => 'changed'));
      moving = [ofHeld];
    });

    expect(await moving[0]).toMatchObject({ outcome: 'changed', scheduled: { revision: 2 } });
  });

  it('fail for one that PostgreSQL does not take, and for no other', async () => {
    const [bad, ...good] = await add(21);

    const results = await Promise.allSettled([
      move(good[0]),
      move(bad, 'a\0b'),
      ...good.slice(1).map((id) => move(id)),
    ]);

    expect(results.map(({ status }) => status)).toEqual(results.map((_, at) => (at === 1 ? 'rejected' : 'fulfilled')));
  });

  it('of one job follow one another', async () => {
    const [id] = await add(1);
    const moved = await Promise.all(Array.from({ length: 12 }, () => move(id)));
    const revisions = moved.map((each) => (each.outcome === 'changed' ? each.scheduled?.revision : null));
    expect(revisions.toSorted((a, b) => Number(a) - Number(b))).toEqual(moved.map((_, at) => at + 2));
  });
});

describe('starts at one time', () => {
  const start = (id: string) => schedules.startNow(by(CALLER, id));

  it('share a commit, and each is told of the contacts of its own job', async () => {
    const ids = await add(40);
    for (const [at, id] of ids.entries()) await rows.addContacts(id, Array<string>(at % 3).fill('pending'));

    const started = await Promise.all(ids.map((id) => start(id)));

    expect(started).toMatchObject(ids.map((_, at) => ({ outcome: 'changed', contacts: at % 3 })));
    expect(await transactions(ids)).toBeLessThan(10);
    const ledger = await Promise.all(ids.map((id) => rows.starts(id)));
    expect(ledger).toMatchObject(ids.map(() => [{ trigger: 'request', revision: 1 }]));
  });

  it('start a job once, and refuse the others with the status that they met', async () => {
    const [id, ...others] = await add(10);

    const results = await Promise.all([
      ...others.map((each) => start(each)),
      ...Array.from({ length: 8 }, () => start(id)),
    ]);

    const ofOne = results.slice(others.length);
    expect(ofOne.filter(({ outcome }) => outcome === 'changed')).toHaveLength(1);
    expect(ofOne.filter(({ outcome }) => outcome !== 'changed')).toMatchObject(
      Array.from({ length: 7 }, () => ({ outcome: 'refused', refusal: 'status', status: 'running' })),
    );
    expect(await rows.starts(id)).toHaveLength(1);
  });
});

describe('claims at one time', () => {
  it('start every due batch once, whoever else claims it, and share commits', async () => {
    const ids = await add(200, { startsInMs: -50 });
    const other = new Database(database.source);
    const rival = new ScheduleRepository(other, new BatchJobChanges(new Idempotency(other), other));

    const [ours, theirs] = await Promise.all(
      [schedules, rival].map((each) => Promise.all(ids.map((id) => claim(id, 1, each)))),
    );

    const started = ids.map((_, at) => [ours[at], theirs[at]].filter(({ outcome }) => outcome === 'started').length);
    expect(started).toEqual(ids.map(() => 1));
    const starts = await Promise.all(ids.map((id) => rows.starts(id)));
    expect(starts.map(({ length }) => length)).toEqual(ids.map(() => 1));
    expect(await transactions(ids)).toBeLessThan(50);
  });

  it('judge each batch by its own start, revision, status and limit', async () => {
    const due = await add(10, { startsInMs: -50 });
    const [early] = await add(1, { startsInMs: 60_000 });
    const [moved] = await add(1, { startsInMs: -50, revision: 2 });
    const [cancelled] = await add(1, { status: 'cancelled', startsInMs: -50 });
    const [missed] = await add(1, { startsInMs: -2 * HOUR_MS });

    const results = await Promise.all([...due, early, moved, cancelled, missed].map((id) => claim(id)));

    expect(results.map(({ outcome }) => outcome)).toEqual([
      ...due.map(() => 'started'),
      'early',
      'stale',
      'stale',
      'missed',
    ]);
    expect((await rows.row(early)).status).toBe('scheduled');
    expect(await rows.row(missed)).toMatchObject({ status: 'failed', startedAt: null });
  });

  it('do not wait for a batch that somebody holds', async () => {
    const [held, ...others] = await add(21, { startsInMs: -50 });
    let ofHeld: ReturnType<typeof claim> = claim(UNKNOWN_ID);

    await whileLocked(held, async () => {
      const first = claim(others[0]);
      ofHeld = claim(held);
      const claimed = await Promise.all([first, ...others.slice(1).map((id) => claim(id))]);
      expect(claimed.map(({ outcome }) => outcome)).toEqual(others.map(() => 'started'));
    });

    expect(await ofHeld).toMatchObject({ outcome: 'started' });
  });
});
