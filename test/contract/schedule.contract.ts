import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BATCH_JOB_STATUSES, type BatchJobStatus } from '../../src/batch-jobs/batch-job.status.js';
import type { ChangeOrder, ChangeResult } from '../../src/batch-jobs/batch-job.changes.js';
import type { ClaimResult, ScheduleRepository } from '../../src/batch-jobs/schedule.repository.js';
import { CALLER, startIn, type NewRow } from '../support/job-rows.js';

const HOUR_MINUTES = 60;
const MINUTE_MS = 60_000;

/** A database with the statements of the start protocol: PostgreSQL, or what stands in for it. */
export interface Schedules {
  readonly schedules: Pick<ScheduleRepository, keyof ScheduleRepository>;
  add(row: NewRow & { readonly maxLateStartMinutes?: number }): Promise<string>;
  find(
    id: string,
  ): Promise<{ readonly status: BatchJobStatus; readonly revision: number; readonly startsAt: Date | null }>;
  countStarts(id: string): Promise<number>;
  close(): Promise<void>;
}

type Verb = 'reschedule' | 'cancel' | 'startNow' | 'claim';

/** From which status a verb leads where; from every other one it is refused. */
const LEADS: Record<Verb, Partial<Record<BatchJobStatus, BatchJobStatus>>> = {
  reschedule: { pending: 'scheduled', scheduled: 'scheduled' },
  cancel: { pending: 'cancelled', scheduled: 'cancelled', running: 'cancelled', paused: 'cancelled' },
  startNow: { pending: 'running', scheduled: 'running' },
  claim: { scheduled: 'running' },
};

const VERBS = Object.keys(LEADS) as Verb[];

const cases = (isAllowed: boolean) =>
  VERBS.flatMap((verb) =>
    BATCH_JOB_STATUSES.filter((status) => (LEADS[verb][status] !== undefined) === isAllowed).map((status) => ({
      verb,
      status,
      to: LEADS[verb][status],
    })),
  );

const order = (batchJobId: string, rest: Partial<ChangeOrder> = {}): ChangeOrder => ({
  caller: CALLER,
  batchJobId,
  ...rest,
});

/**
 * What the simulation relies on. It is asked of PostgreSQL and of the simulated database alike, so that a history which
 * keeps the promise there would keep it here.
 */
export function describeSchedules(what: string, open: () => Promise<Schedules>): void {
  let opened: Schedules;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  const claim = (batchJobId: string, revision = 1, limit = HOUR_MINUTES): Promise<ClaimResult> =>
    opened.schedules.claim({ batchJobId, revision }, 'timer', limit);

  const ask = (verb: Verb, id: string): Promise<ChangeResult<'past_start'> | ClaimResult> =>
    verb === 'claim'
      ? claim(id)
      : verb === 'reschedule'
        ? opened.schedules.reschedule(order(id), startIn(MINUTE_MS))
        : opened.schedules[verb](order(id));

  describe(`${what}: a verb`, () => {
    const add = (verb: Verb, status: BatchJobStatus) =>
      opened.add({ status, startsInMs: status === 'pending' ? null : verb === 'claim' ? -50 : MINUTE_MS });

    it.each(cases(true))('$verb makes a $status batch $to', async ({ verb, status, to }) => {
      const id = await add(verb, status);
      const before = await opened.find(id);

      const result = await ask(verb, id);

      const after = await opened.find(id);
      expect(result.outcome).toBe(verb === 'claim' ? 'started' : 'changed');
      expect(after.status).toBe(to);
      expect(after.revision).toBe(before.revision + (verb === 'reschedule' ? 1 : 0));
      expect(await opened.countStarts(id)).toBe(to === 'running' ? 1 : 0);
    });

    it.each(cases(false))('$verb leaves a $status batch as it is', async ({ verb, status }) => {
      const id = await add(verb, status);
      const before = await opened.find(id);

      const result = await ask(verb, id);

      expect(result).toMatchObject(
        verb === 'claim' ? { outcome: 'stale' } : { outcome: 'refused', refusal: 'status', status },
      );
      expect(await opened.find(id)).toEqual(before);
      expect(await opened.countStarts(id)).toBe(0);
    });

    it.each(VERBS)('%s finds nothing that is not there', async (verb) => {
      const outcome = verb === 'claim' ? 'stale' : 'not_found';
      expect(await ask(verb, 'batch_01ARZ3NDEKTSV4RRFFQ69G5FAV')).toEqual({ outcome });
    });

    it.each(['reschedule', 'cancel', 'startNow'] as const)('%s finds nothing of others', async (verb) => {
      const id = await opened.add({ organizationId: 'org_b' });
      expect(await ask(verb, id)).toEqual({ outcome: 'not_found' });
    });
  });

  describe(`${what}: a reschedule`, () => {
    it('ends one schedule and tells the next', async () => {
      const id = await opened.add({ revision: 4 });
      const { startsAt } = await opened.find(id);
      const to = startIn(90_000);

      expect(await opened.schedules.reschedule(order(id), to)).toMatchObject({
        outcome: 'changed',
        statusBefore: 'scheduled',
        ended: { batchJobId: id, revision: 4, startsAt },
        scheduled: { batchJobId: id, revision: 5, startsAt: to.startsAt },
        startedAt: null,
      });
      expect(await opened.find(id)).toMatchObject({ revision: 5, startsAt: to.startsAt });
    });

    it.each([-MINUTE_MS, 0])('refuses a start %d ms from now', async (ms) => {
      const id = await opened.add({});
      const before = await opened.find(id);

      expect(await opened.schedules.reschedule(order(id), startIn(ms))).toMatchObject({
        outcome: 'refused',
        refusal: 'past_start',
        status: 'scheduled',
      });
      expect(await opened.find(id)).toEqual(before);
    });

    it('is made once for each tag', async () => {
      const id = await opened.add({});
      const first = await opened.schedules.reschedule(order(id), startIn(MINUTE_MS));
      const ifMatch = first.outcome === 'changed' ? [first.entityTag] : [];
      const again = () => opened.schedules.reschedule(order(id, { terms: { ifMatch } }), startIn(MINUTE_MS));

      const second = await again();

      expect(second).toMatchObject({ outcome: 'changed', scheduled: { revision: 3 } });
      expect(await again()).toMatchObject({
        outcome: 'refused',
        refusal: 'entity_tag',
        entityTag: second.outcome === 'changed' ? second.entityTag : null,
      });
    });
  });

  describe(`${what}: a claim`, () => {
    it('of another revision is stale, due or not', async () => {
      const id = await opened.add({ revision: 2, startsInMs: -50 });

      expect([await claim(id, 1), await claim(id, 3)]).toEqual([{ outcome: 'stale' }, { outcome: 'stale' }]);
      expect((await opened.find(id)).status).toBe('scheduled');
    });

    it('before its time is early, and says by how much', async () => {
      const id = await opened.add({ startsInMs: 20_000 });

      const result = await claim(id);

      expect(result.outcome).toBe('early');
      const { earlyMs } = result as Extract<ClaimResult, { outcome: 'early' }>;
      expect(earlyMs).toBeGreaterThan(10_000);
      expect(earlyMs).toBeLessThanOrEqual(20_000);
      expect((await opened.find(id)).status).toBe('scheduled');
    });

    it.each([
      { lateMinutes: 2, limit: 1, own: undefined, outcome: 'missed' },
      { lateMinutes: 2, limit: 3, own: undefined, outcome: 'started' },
      { lateMinutes: 100_000, limit: 0, own: undefined, outcome: 'started' },
      { lateMinutes: 2, limit: 3, own: 1, outcome: 'missed' },
      { lateMinutes: 2, limit: 1, own: 3, outcome: 'started' },
      { lateMinutes: 2, limit: 1, own: 0, outcome: 'started' },
    ])('$lateMinutes min late, limit $limit, its own $own: $outcome', async ({ lateMinutes, limit, own, outcome }) => {
      const id = await opened.add({ startsInMs: -lateMinutes * MINUTE_MS, maxLateStartMinutes: own });

      const result = await claim(id, 1, limit);

      expect(result.outcome).toBe(outcome);
      expect((result as { lateMs: number }).lateMs).toBeGreaterThanOrEqual(lateMinutes * MINUTE_MS);
      expect((await opened.find(id)).status).toBe(outcome === 'missed' ? 'failed' : 'running');
      expect(await opened.countStarts(id)).toBe(outcome === 'missed' ? 0 : 1);
    });

    it('of many at once starts the batch once', async () => {
      const id = await opened.add({ startsInMs: -50 });

      const results = await Promise.all(Array.from({ length: 20 }, () => claim(id)));

      expect(results.filter(({ outcome }) => outcome === 'started')).toHaveLength(1);
      expect(results.filter(({ outcome }) => outcome === 'stale')).toHaveLength(19);
      expect(await opened.countStarts(id)).toBe(1);
    });
  });

  describe(`${what}: a list`, () => {
    it('of what is overdue has the oldest first, and no more than asked for', async () => {
      const [young, old, older] = [
        await opened.add({ startsInMs: -500 }),
        await opened.add({ startsInMs: -200_000_000 }),
        await opened.add({ startsInMs: -300_000_000 }),
      ];
      const ids = (await opened.schedules.listOverdue(2_000, 1_000)).map(({ batchJobId }) => batchJobId);

      expect(ids.filter((id) => [young, old, older].includes(id))).toEqual([older, old]);
      expect(await opened.schedules.listOverdue(2_000, 1)).toHaveLength(1);
    });

    it('of what is scheduled goes by time and id, from where it left off', async () => {
      const later = await opened.add({ startsInMs: 7_200_000, revision: 7 });
      const [sooner, running] = [await opened.add({ startsInMs: 3_600_000 }), await opened.add({ status: 'running' })];
      const { startsAt } = await opened.find(later);
      const all = await opened.schedules.listScheduled({ startsAt: new Date(0), batchJobId: '' }, 1_000);
      const positions = all.map((start) => `${start.startsAt.toISOString()} ${start.batchJobId}`);
      const ids = all.map(({ batchJobId }) => batchJobId);

      const dueForMs = expect.closeTo(Date.now() - (startsAt as Date).getTime(), -4);
      expect(all).toContainEqual({ batchJobId: later, revision: 7, startsAt, dueForMs });
      expect(ids).not.toContain(running);
      expect(ids.indexOf(sooner)).toBeLessThan(ids.indexOf(later));
      expect(positions).toEqual(positions.toSorted());
      expect(await opened.schedules.listScheduled(all[0], 1)).toMatchObject([{ batchJobId: ids[1] }]);
    });

    it('of the given batches finds those that are in force', async () => {
      const [first, second] = [await opened.add({ revision: 7 }), await opened.add({ status: 'running' })];
      const { startsAt } = await opened.find(first);

      const found = await opened.schedules.listScheduledOf([second, first, 'batch_of_nobody']);

      const dueForMs = expect.closeTo(Date.now() - (startsAt as Date).getTime(), -4);
      expect(found).toEqual([{ batchJobId: first, revision: 7, startsAt, dueForMs }]);
    });
  });
}
