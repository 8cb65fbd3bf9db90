import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BATCH_JOB_STATUSES, type BatchJobStatus } from '../../src/batch-jobs/batch-job.status.js';
import type { ChangeResult } from '../../src/batch-jobs/batch-job.changes.js';
import type { ClaimResult } from '../../src/batch-jobs/schedule.repository.js';
import { LIST_SCHEDULED, type StartPosition } from '../../src/batch-jobs/schedule.statements.js';
import { by, CALLER, JobRows, startIn } from '../support/job-rows.js';
import { ScheduleDatabase } from '../support/schedule-database.js';

const HOUR_MINUTES = 60;

let database: ScheduleDatabase;
let rows: JobRows;
beforeAll(async () => {
  database = await ScheduleDatabase.create();
  rows = database.rows;
});
afterAll(() => database.drop());

type Verb = (id: string, revision?: number) => Promise<ChangeResult<'past_start'> | ClaimResult>;

const VERBS = {
  reschedule: (id) => database.schedules.reschedule(by(CALLER, id), startIn(3_600_000)),
  cancel: (id) => database.schedules.cancel(by(CALLER, id)),
  startNow: (id) => database.schedules.startNow(by(CALLER, id)),
  claim: (id, revision = 1) => database.schedules.claim({ batchJobId: id, revision }, 'timer', HOUR_MINUTES),
} as const satisfies Record<string, Verb>;

type VerbName = keyof typeof VERBS;
const VERB_NAMES = Object.keys(VERBS) as VerbName[];

/** Written by hand, so that a change of the status table is noticed here. */
const ALLOWED: Record<VerbName, readonly BatchJobStatus[]> = {
  reschedule: ['pending', 'scheduled'],
  cancel: ['pending', 'scheduled', 'running', 'paused'],
  startNow: ['pending', 'scheduled'],
  claim: ['scheduled'],
};

const everyStatus = (isAllowed: boolean): [VerbName, BatchJobStatus][] =>
  VERB_NAMES.flatMap((verb) =>
    BATCH_JOB_STATUSES.filter((status) => ALLOWED[verb].includes(status) === isAllowed).map(
      (status): [VerbName, BatchJobStatus] => [verb, status],
    ),
  );

/** Due for claims, ahead for the others, and without any start while pending. */
const add = (verb: VerbName, status: BatchJobStatus) =>
  rows.add({ status, startsInMs: status === 'pending' ? null : verb === 'claim' ? -50 : 60_000 });

describe('a verb', () => {
  it.each(everyStatus(false))('%s leaves a %s batch as it is', async (verb, status) => {
    const id = await add(verb, status);
    await rows.addContacts(id, ['pending', 'dialing']);
    const before = await rows.snapshot();

    const result = await VERBS[verb](id, status === 'pending' ? 0 : 1);

    expect(result).toMatchObject(
      verb === 'claim' ? { outcome: 'stale' } : { outcome: 'refused', refusal: 'status', status },
    );
    expect(await rows.snapshot()).toEqual(before);
  });

  it.each(everyStatus(true))('%s changes a %s batch, and tells its history', async (verb, status) => {
    const neighbour = await add(verb, status);
    const id = await add(verb, status);
    const [before, neighbourBefore] = [await rows.row(id), await rows.row(neighbour)];

    await VERBS[verb](id);

    const after = await rows.row(id);
    const [history, ...further] = await rows.history(id);
    expect(further).toEqual([]);
    expect(history).toEqual({
      action: { reschedule: 'rescheduled', cancel: 'cancelled', startNow: 'started', claim: 'started' }[verb],
      actor: verb === 'claim' ? 'system' : 'key_test',
      requestId: verb === 'claim' ? null : 'req_test',
      reason: null,
      before: factsOf(before),
      after: factsOf(after),
    });
    expect(after.status).toBe(
      { reschedule: 'scheduled', cancel: 'cancelled', startNow: 'running', claim: 'running' }[verb],
    );
    expect(await rows.row(neighbour)).toEqual(neighbourBefore);
    expect([await rows.history(neighbour), await rows.starts(neighbour)]).toEqual([[], []]);
  });

  it.each(['reschedule', 'cancel', 'startNow'] as const)('%s finds no batch of another organization', async (verb) => {
    const id = await rows.add({ organizationId: 'org_b' });
    const before = await rows.snapshot();

    expect(await VERBS[verb](id)).toEqual({ outcome: 'not_found' });
    expect(await rows.snapshot()).toEqual(before);
  });

  it.each(VERB_NAMES)('%s finds no batch that is not there', async (verb) => {
    const before = await rows.snapshot();

    expect(await VERBS[verb]('batch_01ARZ3NDEKTSV4RRFFQ69G5FAV')).toEqual({
      outcome: verb === 'claim' ? 'stale' : 'not_found',
    });
    expect(await rows.snapshot()).toEqual(before);
  });
});

const factsOf = (row: Awaited<ReturnType<JobRows['row']>>) => ({
  status: row.status,
  scheduleRevision: row.revision,
  startsAt: row.startsAt?.toISOString() ?? null,
  localStartTime: row.localStartTime,
  timezone: row.timezone,
});

describe('a reschedule', () => {
  it('writes the whole schedule and raises the revision by one', async () => {
    const id = await rows.add({ revision: 4 });
    const { startsAt } = await rows.row(id);
    const to = startIn(90_000);

    const result = await database.schedules.reschedule(by(CALLER, id), to);

    expect(result).toEqual({
      outcome: 'changed',
      statusBefore: 'scheduled',
      ended: { batchJobId: id, revision: 4, startsAt },
      scheduled: { batchJobId: id, revision: 5, startsAt: to.startsAt },
      startedAt: null,
      contacts: 0,
      details: { timezoneBefore: 'UTC' },
      entityTag: '"5.2"',
    });
    expect(await rows.row(id)).toMatchObject({
      status: 'scheduled',
      revision: 5,
      startsAt: to.startsAt,
      localStartTime: '2031-03-09T09:00:00',
      timezone: 'America/New_York',
      disambiguation: 'later',
      tzdbVersion: '2026a',
    });
  });

  it('gives a pending batch its first schedule, and ends none', async () => {
    const id = await rows.add({ status: 'pending', startsInMs: null });

    const result = await VERBS.reschedule(id);

    expect(result).toMatchObject({ statusBefore: 'pending', ended: null, scheduled: { revision: 1 } });
  });

  it.each([-60_000, -1, 0])('refuses a start %d ms from now, by the clock of PostgreSQL', async (ms) => {
    const id = await rows.add();
    const before = await rows.snapshot();

    const result = await database.schedules.reschedule(by(CALLER, id), startIn(ms));

    expect(result).toMatchObject({ outcome: 'refused', refusal: 'past_start', status: 'scheduled' });
    expect(await rows.snapshot()).toEqual(before);
  });

  it('keeps a start to the millisecond', async () => {
    const id = await rows.add();
    const to = { ...startIn(0), startsAt: new Date('2039-12-31T23:59:59.999Z') };

    await database.schedules.reschedule(by(CALLER, id), to);

    expect((await rows.row(id)).startsAt).toEqual(to.startsAt);
  });
});

describe('a cancel', () => {
  it('takes back the contacts that wait and no other, and the counts agree', async () => {
    const id = await rows.add({ status: 'running' });
    const neighbour = await rows.add();
    await rows.addContacts(id, ['pending', 'queued', 'dialing', 'completed', 'no_answer', 'pending']);
    await rows.addContacts(neighbour, ['pending', 'queued']);

    const result = await database.schedules.cancel(by(CALLER, id));

    expect(result).toMatchObject({ outcome: 'changed', statusBefore: 'running', contacts: 3, scheduled: null });
    expect((await rows.contacts(id)).map(({ status }) => status)).toEqual([
      'cancelled',
      'cancelled',
      'dialing',
      'completed',
      'no_answer',
      'cancelled',
    ]);
    expect((await rows.contacts(id))[1]).toEqual({ status: 'cancelled', isEnded: true, hasRetry: false });
    expect((await rows.contacts(id))[2]).toEqual({ status: 'dialing', isEnded: false, hasRetry: false });
    expect(await rows.counts(id)).toEqual({ cancelled: 3, dialing: 1, completed: 1, no_answer: 1 });
    expect(await rows.counts(neighbour)).toEqual({ pending: 1, queued: 1 });
    expect((await rows.row(id)).completedAt).not.toBeNull();
  });

  it('tells the schedule that it ended', async () => {
    const id = await rows.add({ revision: 7 });
    const { startsAt } = await rows.row(id);

    expect(await database.schedules.cancel(by(CALLER, id))).toMatchObject({
      ended: { batchJobId: id, revision: 7, startsAt },
      scheduled: null,
    });
  });
});

describe('a start by request', () => {
  it('writes the ledger with the time that was planned, and counts the contacts it releases', async () => {
    const id = await rows.add({ revision: 3 });
    await rows.addContacts(id, ['pending', 'queued', 'completed']);
    const { startsAt } = await rows.row(id);

    const result = await database.schedules.startNow(by(CALLER, id));

    const { startedAt, status } = await rows.row(id);
    expect(status).toBe('running');
    expect(result).toMatchObject({ outcome: 'changed', startedAt, contacts: 2, ended: { revision: 3 } });
    expect(await rows.starts(id)).toEqual([
      { revision: 3, trigger: 'request', plannedAt: startsAt, startedAt, lateMs: null },
    ]);
  });

  it('is the only one', async () => {
    const id = await rows.add();
    await database.schedules.startNow(by(CALLER, id));

    expect(await database.schedules.startNow(by(CALLER, id))).toMatchObject({
      outcome: 'refused',
      refusal: 'status',
      status: 'running',
    });
    expect(await rows.starts(id)).toHaveLength(1);
  });
});

describe('a claim', () => {
  const claim = (id: string, revision: number, limitMinutes = HOUR_MINUTES) =>
    database.schedules.claim({ batchJobId: id, revision }, 'sweep', limitMinutes);

  it('starts a due batch and writes what was planned, what happened and how late', async () => {
    const id = await rows.add({ startsInMs: -1_500, revision: 2 });
    const { startsAt } = await rows.row(id);

    const result = await claim(id, 2);

    const { startedAt, status } = await rows.row(id);
    const lateMs = (startedAt as Date).getTime() - (startsAt as Date).getTime();
    expect(status).toBe('running');
    expect(lateMs).toBeGreaterThanOrEqual(1_500);
    expect(await rows.starts(id)).toEqual([
      { revision: 2, trigger: 'sweep', plannedAt: startsAt, startedAt, lateMs: expect.closeTo(lateMs, -0.5) },
    ]);
    expect(result).toEqual({ outcome: 'started', organizationId: 'org_a', lateMs: expect.closeTo(lateMs, -0.5) });
  });

  it.each([0, 1, 3, 2_147_483_647])('of revision %d leaves a batch at revision 2 as it is', async (revision) => {
    const id = await rows.add({ startsInMs: -50, revision: 2 });
    const before = await rows.snapshot();

    expect(await claim(id, revision)).toEqual({ outcome: 'stale' });
    expect(await rows.snapshot()).toEqual(before);
  });

  it('that is early changes nothing and tells how long to wait', async () => {
    const id = await rows.add({ startsInMs: 3_600_000 });
    const before = await rows.snapshot();

    const result = await claim(id, 1);

    expect(result.outcome).toBe('early');
    const { earlyMs } = result as { earlyMs: number };
    expect(earlyMs).toBeGreaterThan(3_500_000);
    expect(earlyMs).toBeLessThanOrEqual(3_600_000);
    expect(await rows.snapshot()).toEqual(before);
  });

  it('repeated is stale', async () => {
    const id = await rows.add({ startsInMs: -50 });
    expect(await claim(id, 1)).toMatchObject({ outcome: 'started' });
    const before = await rows.snapshot();

    expect(await claim(id, 1)).toEqual({ outcome: 'stale' });
    expect(await rows.snapshot()).toEqual(before);
  });

  it('that is later than the limit marks the batch missed and starts nothing', async () => {
    const id = await rows.add({ startsInMs: -61 * 60_000 });

    expect(await claim(id, 1, 60)).toEqual({ outcome: 'missed', organizationId: 'org_a', lateMs: expect.any(Number) });

    expect(await rows.row(id)).toMatchObject({
      status: 'failed',
      failureReason: 'start_window_missed',
      startedAt: null,
      completedAt: expect.any(Date),
    });
    expect(await rows.starts(id)).toEqual([]);
    expect(await rows.history(id)).toMatchObject([
      { action: 'missed', actor: 'system', before: { status: 'scheduled' }, after: { status: 'failed' } },
    ]);
  });

  it.each([
    ['just within the limit', -59 * 60_000, 60],
    ['without a limit', -400 * 24 * 3_600_000, 0],
  ])('starts a batch %s', async (_name, startsInMs, limitMinutes) => {
    const id = await rows.add({ startsInMs });

    expect(await claim(id, 1, limitMinutes)).toMatchObject({ outcome: 'started' });
    expect(await rows.row(id)).toMatchObject({ status: 'running', failureReason: null });
  });

  it('cannot start a batch that the ledger knows as started', async () => {
    const id = await rows.add({ startsInMs: -50 });
    await VERBS.claim(id);
    const session = await database.session();
    await session.query('set session_replication_role = replica');
    await session.query(`update batch_jobs set status = 'scheduled' where id = $1`, [id]);
    await session.end();

    await expect(VERBS.claim(id)).rejects.toThrow('batch_job_starts_pkey');
    expect((await rows.row(id)).status).toBe('scheduled');
  });
});

describe('the list of schedules', () => {
  it('overdue: the oldest first, only what is due for longer, up to the limit', async () => {
    const [older, old] = [await rows.add({ startsInMs: -90_000_000 }), await rows.add({ startsInMs: -80_000_000 })];
    const young = await rows.add({ startsInMs: -1_000 });
    await rows.add({ startsInMs: -95_000_000, status: 'cancelled' });

    const listed = await database.schedules.listOverdue(2_000, 1_000);

    const ids = listed.map(({ batchJobId }) => batchJobId);
    expect(ids.slice(0, 2)).not.toContain(young);
    expect(ids.filter((id) => [older, old, young].includes(id))).toEqual([older, old]);
    expect((await database.schedules.listOverdue(2_000, 1)).length).toBe(1);
  });

  it('all: page by page by time and id, each once, however many start at one instant', async () => {
    const startsInMs = 3_600_000;
    const mine = [await rows.add({ startsInMs }), await rows.add(), await rows.add({ startsInMs }), await rows.add()];
    const { startsAt } = await rows.row(mine[0]);
    await database.source.query('update batch_jobs set starts_at = $1 where id = any($2)', [startsAt, mine]);
    const listed: StartPosition[] = [];
    for (;;) {
      const page = await database.schedules.listScheduled(
        listed.at(-1) ?? { startsAt: new Date(0), batchJobId: '' },
        2,
      );
      listed.push(...page);
      if (page.length < 2) break;
    }
    const names = listed.map((start) => `${start.startsAt.toISOString()} ${start.batchJobId}`);
    expect(names).toEqual([...new Set(names)].toSorted());
    expect(listed.map(({ batchJobId }) => batchJobId)).toEqual(expect.arrayContaining(mine));
  });

  it('all: a page is read by the index that has its order, and no further', async () => {
    const runner = database.source.createQueryRunner();
    await runner.startTransaction();
    await runner.query('set local enable_seqscan = off; set local enable_bitmapscan = off');
    const values = [new Date().toISOString(), '', 500];
    const { text } = LIST_SCHEDULED;
    const plan: { 'QUERY PLAN': string }[] = await runner.query(`explain ${text}`, values);
    await runner.rollbackTransaction();
    await runner.release();

    const lines = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(lines).toContain('batch_jobs_to_start');
    expect(lines).not.toContain('Sort');
  });
});

/** Every change is in the history once, each begins where the last one ended, and revisions only grow. */
async function expectUnbroken(id: string): Promise<void> {
  const [history, row, starts] = [await rows.history(id), await rows.row(id), await rows.starts(id)];
  history.forEach(({ action, before, after }, at) => {
    expect(before).toEqual(at > 0 ? history[at - 1]?.after : before);
    const revisions = [before?.scheduleRevision ?? 0, after.scheduleRevision];
    expect(revisions).toEqual([revisions[0], revisions[0] + (action === 'rescheduled' ? 1 : 0)]);
  });
  expect(history.at(-1)?.after ?? factsOf(row)).toEqual(factsOf(row));
  const started = history.filter(({ action }) => action === 'started');
  expect(starts).toHaveLength(started.length);
  expect(starts.length).toBeLessThanOrEqual(1);
  for (const { plannedAt, startedAt } of starts.filter(({ trigger }) => trigger !== 'request')) {
    expect(startedAt.getTime()).toBeGreaterThanOrEqual((plannedAt as Date).getTime());
  }
}

const changes = (results: readonly PromiseSettledResult<ChangeResult<'past_start'> | ClaimResult>[]) =>
  results.map((result) => {
    if (result.status === 'rejected') throw result.reason as Error;
    return result.value.outcome;
  });

/** Two verbs that both wait for the row while a third session holds it, and perhaps changes it, and then lets go. */
const RIVALS = VERB_NAMES.flatMap((first) => VERB_NAMES.map((second) => [first, second] as const));
const HOLDERS = [
  ['only holds the row', 'select from batch_jobs where id = $1 for update'],
  ['changed the row', `update batch_jobs set name = 'another' where id = $1`],
] as const;

describe.each(HOLDERS)('behind a session that %s', (_name, hold) => {
  it.each(RIVALS)('%s and %s follow one another', async (first, second) => {
    const id = await rows.add({ startsInMs: -50 });
    const neighbour = await rows.add({ startsInMs: -50 });
    const holder = await database.session();
    await holder.query('begin');
    await holder.query(hold, [id]);

    const one = VERBS[first](id);
    await database.untilWaiting(1);
    const other = VERBS[second](id);
    await database.untilWaiting(2);
    await holder.query('commit');
    const outcomes = changes(await Promise.allSettled([one, other]));
    await holder.end();

    await expectUnbroken(id);
    const made = outcomes.filter((outcome) => outcome === 'changed' || outcome === 'started').length;
    expect(await rows.history(id)).toHaveLength(made);
    expect(made).toBeGreaterThanOrEqual(1);
    expect(await rows.row(neighbour)).toMatchObject({ status: 'scheduled', revision: 1 });
  });
});

describe('behind a session that moved the batch', () => {
  const moved = async (startsInMs: number, verb: VerbName) => {
    const id = await rows.add({ startsInMs: -50 });
    const holder = await database.session();
    await holder.query('begin');
    await holder.query(
      `update batch_jobs set schedule_revision = 2, starts_at = clock_timestamp() + $2 * interval '1 ms' where id = $1`,
      [id, startsInMs],
    );
    const waiting = VERBS[verb](id);
    await database.untilWaiting(1);
    await holder.query('commit');
    await holder.end();
    return { id, result: await waiting };
  };

  it.each([3_600_000, -10])(
    'a claim of the old schedule is stale, whether or not the new one (%d ms) is due',
    async (ms) => {
      const { id, result } = await moved(ms, 'claim');

      expect(result).toEqual({ outcome: 'stale' });
      expect(await rows.row(id)).toMatchObject({ status: 'scheduled', revision: 2 });
      expect(await rows.starts(id)).toEqual([]);
    },
  );

  it('a reschedule builds upon it', async () => {
    const { id } = await moved(3_600_000, 'reschedule');

    expect(await rows.history(id)).toMatchObject([{ before: { scheduleRevision: 2 }, after: { scheduleRevision: 3 } }]);
  });

  it('a start by request is of the new schedule', async () => {
    const { id } = await moved(3_600_000, 'startNow');

    expect(await rows.starts(id)).toMatchObject([{ revision: 2 }]);
  });
});

describe('many at once', () => {
  const TWELVE = Array.from({ length: 12 });

  it('claims: one starts the batch', async () => {
    const id = await rows.add({ startsInMs: -50 });

    const outcomes = changes(await Promise.allSettled(TWELVE.map(() => VERBS.claim(id))));

    expect(outcomes.toSorted()).toEqual([...TWELVE.slice(1).map(() => 'stale'), 'started']);
    await expectUnbroken(id);
  });

  it('starts by request: one starts the batch and the others meet it running', async () => {
    const id = await rows.add();

    const results = await Promise.allSettled(TWELVE.map(() => VERBS.startNow(id)));

    expect(changes(results).filter((outcome) => outcome === 'changed')).toHaveLength(1);
    expect(results.map((result) => result.status === 'fulfilled' && result.value)).toEqual(
      expect.arrayContaining([expect.objectContaining({ outcome: 'refused', refusal: 'status', status: 'running' })]),
    );
    await expectUnbroken(id);
  });

  it('reschedules: each ends the schedule of another, and none is lost', async () => {
    const id = await rows.add();

    const results = await Promise.allSettled(
      TWELVE.map((_, at) => database.schedules.reschedule(by(CALLER, id), startIn(60_000 + at))),
    );

    const ended = results.map((result) =>
      result.status === 'fulfilled' && result.value.outcome === 'changed' ? result.value.ended?.revision : null,
    );
    expect(ended.toSorted((a, b) => Number(a) - Number(b))).toEqual(TWELVE.map((_, at) => at + 1));
    await expectUnbroken(id);
    expect((await rows.row(id)).revision).toBe(13);
  });
});

describe('a job of another organization', () => {
  it('is not found, whoever holds its row', async () => {
    const id = await rows.add({ organizationId: 'org_b' });
    const rival = await database.session();
    try {
      await rival.query('begin');
      await rival.query('select from batch_jobs where id = $1 for update', [id]);

      expect(await database.schedules.cancel(by(CALLER, id))).toEqual({ outcome: 'not_found' });
    } finally {
      await rival.end();
    }
  });
});
