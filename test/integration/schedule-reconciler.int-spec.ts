import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BatchRunner } from '../../src/calling/batch.runner.js';
import { ScheduleSweeper } from '../../src/calling/schedule.sweeper.js';
import { ScheduleRepository } from '../../src/batch-jobs/schedule.repository.js';
import type { StartPosition } from '../../src/batch-jobs/schedule.statements.js';
import { RescheduleService } from '../../src/operations/reschedule.service.js';
import { ReconciliationLoop } from '../../src/scheduling/reconciliation.loop.js';
import { DifferencePages } from '../../src/scheduling/difference.pages.js';
import type { Difference } from '../../src/scheduling/schedule.comparison.js';
import { ScheduleReconciler } from '../../src/scheduling/schedule.reconciler.js';
import { SchedulerGateway } from '../../src/queue/scheduler.gateway.js';
import { Clock } from '../../src/shared/clock.js';
import { Metrics } from '../../src/shared/metrics.js';
import { eventually } from '../support/eventually.js';
import { CALLER, JobRows } from '../support/job-rows.js';
import { NO_DISPATCH } from '../support/no-calls.js';
import { TestApp } from '../support/test-app.js';
import { truncate } from '../support/truncate.js';

let app: TestApp;
let rows: JobRows;
let schedules: ScheduleRepository;
let scheduler: SchedulerGateway;
let rescheduling: RescheduleService;
let pages: DifferencePages;
let reconciler: ScheduleReconciler;
let sweeper: ScheduleSweeper;
beforeAll(async () => {
  app = await TestApp.start();
  rows = new JobRows(app.database);
  schedules = app.app.get(ScheduleRepository, { strict: false });
  scheduler = app.app.get(SchedulerGateway, { strict: false });
  rescheduling = app.app.get(RescheduleService, { strict: false });
  const [clock, metrics] = [app.app.get(Clock, { strict: false }), new Metrics()];
  pages = new DifferencePages(schedules, scheduler, clock);
  reconciler = new ScheduleReconciler(pages, scheduler, clock, metrics);
  sweeper = new ScheduleSweeper(schedules, new BatchRunner(schedules, NO_DISPATCH, metrics, app.settings), scheduler);
  await eventually(async () => {
    if ((await scheduler.probe()) !== 'up') throw new Error('Redis is not reachable');
  });
});
afterAll(() => app.stop());
afterEach(async () => {
  await truncate(app.database, 'batch_jobs');
  await loseEverything();
});

const key = (name: string) => `${app.settings.redisKeyPrefix}:batch-start:${name}`;

/** What FLUSHALL does, to the keys of this test alone. */
async function loseEverything(): Promise<void> {
  const keys = await app.redis.keys(`${app.settings.redisKeyPrefix.replace(/[{}]/g, '?')}*`);
  if (keys.length > 0) await app.redis.del(keys);
}

/** What Redis should hold: a wake-up for each schedule, at its time. */
async function wanted(): Promise<Map<string, string>> {
  const scheduled = await app.database.query<{ id: string; revision: number; startsAt: Date }[]>(
    `select id, schedule_revision as revision, starts_at as "startsAt" from batch_jobs where status = 'scheduled'`,
  );
  return new Map(scheduled.map(({ id, revision, startsAt }) => [`${id}.r${revision}`, startsAt.toISOString()]));
}

/** Batches that start a second after each other, from tomorrow on, without wake-ups; later ones have lower ids. */
async function addMany(batches: number): Promise<void> {
  await app.database.query(
    `insert into batch_jobs (id, organization_id, from_phone_number_id, agent_id, name, status, concurrent_call_limit,
       max_attempts, total_contacts, schedule_revision, starts_at, timezone, disambiguation)
     select 'batch_' || lpad(n::text, 26, '0'), 'org_a', 'phone_a', 'agent_a', 'many', 'scheduled', 1, 1, 0, 1,
       now() + interval '1 day' - make_interval(secs => n) + make_interval(secs => $1), 'UTC', 'compatible'
       from generate_series(1, $1::integer) as n`,
    [batches],
  );
}

/** Two instants a millisecond apart. */
const TOMORROW = [1, 2].map((ms) => new Date(Date.now() + 86_400_000 + ms).toISOString()) as [string, string];

describe('a reconciliation', () => {
  it('sets every wake-up again after Redis lost its data, and changes nothing the next time', async () => {
    for (let jobs = 0; jobs < 5; jobs += 1) await app.create({ scheduledStartTime: TOMORROW[0] });
    const before = await app.delayed();
    expect(before).toEqual(await wanted());
    await loseEverything();

    expect(await reconciler.reconcile()).toMatchObject({ armed: 5, removed: 0 });

    expect(await app.delayed()).toEqual(before);
    expect(await reconciler.reconcile()).toMatchObject({ armed: 0, removed: 0 });
    expect(await scheduler.readMark()).not.toEqual({ mark: null });
  });

  it('goes on at once, page after page, as long as wake-ups are missing: what is due first comes first', async () => {
    await addMany(2_001);

    expect(await reconciler.reconcile()).toEqual({ armed: 2_001, removed: 0, isBehind: false });

    const armed = await app.delayed();
    expect(armed).toEqual(await wanted());
    // Bull's counter has the order in which they were set.
    const byTime = [...armed].toSorted(([, one], [, other]) => (one < other ? -1 : 1));
    const counts = byTime.map(async ([id]) => Number(await app.redis.zscore(key('delayed'), id)) % 4_096);
    const order = await Promise.all(counts);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('looks at a few pages, however many there are', async () => {
    await addMany(6_000);
    await reconciler.repair();
    let pagesRead = 0;
    const listing = {
      listScheduled: (after: StartPosition, limit: number) => {
        pagesRead += 1;
        return schedules.listScheduled(after, limit);
      },
      listScheduledOf: (ids: readonly string[]) => schedules.listScheduledOf(ids),
    };

    expect(await reconcilerOf(scheduler, listing as never).reconcile()).toMatchObject({ armed: 0, removed: 0 });

    expect(pagesRead).toBe(2);
  });

  it('walks through everything in a few rounds, and begins again', async () => {
    await addMany(3_000);
    await reconciler.repair();
    await reconciler.reconcile();
    const far = [...(await wanted())].at(-1)?.[0] as string;
    const nobody = 'batch_01ARZ3NDEKTSV4RRFFQ69G5FAV';
    for (let times = 0; times < 2; times += 1) {
      await app.redis.zrem(key('delayed'), far);
      await scheduler.wakeAt({ batchJobId: nobody, revision: 1, startsAt: new Date('2099-01-01T00:00:00Z') });

      await eventually(async () => {
        await reconciler.reconcile();
        expect(await app.delayed()).toEqual(await wanted());
      });
    }
  });

  it('goes on where the last round stopped, whichever worker made it', async () => {
    await addMany(3_000);
    await reconciler.repair();
    const marks = new Set<string | null | undefined>();
    for (let rounds = 0; rounds < 4; rounds += 1) {
      await reconcilerOf(scheduler).reconcile();
      marks.add((await scheduler.readMark())?.mark?.split(' ')[1]);
    }
    expect(marks.size).toBe(4);
  });

  it('begins anew where the mark is none of ours', async () => {
    await addMany(10);
    await scheduler.leaveMark('somewhere');

    expect(await reconciler.reconcile()).toEqual({ armed: 10, removed: 0, isBehind: false });
  });

  it('removes what no schedule wants and leaves what one does', async () => {
    const id = await app.create({ scheduledStartTime: TOMORROW[0] });
    const other = await rows.add({ status: 'cancelled' });
    const startsAt = new Date(TOMORROW[0]);
    for (const [batchJobId, revision] of [
      [id, 7],
      [other, 1],
      ['batch_01ARZ3NDEKTSV4RRFFQ69G5FAV', 1],
      ['nothing of ours', 1],
    ] as const) {
      await scheduler.wakeAt({ batchJobId, revision, startsAt });
    }
    // Its record is lost, its place in the delayed set is not.
    await app.redis.del(key(`${other}.r1`));

    expect(await reconciler.reconcile()).toMatchObject({ armed: 0, removed: 4 });

    expect(await app.delayed()).toEqual(await wanted());
  });

  it.each([
    ['later', 3_600_000],
    ['earlier', -3_600_000],
  ])('repairs a wake-up that would fire %s', async (_name, offMs) => {
    const id = await app.create({ scheduledStartTime: TOMORROW[0] });
    const startsAt = new Date(TOMORROW[0]);
    await scheduler.forget(`${id}.r1`);
    await scheduler.wakeAt({ batchJobId: id, revision: 1, startsAt: new Date(startsAt.getTime() + offMs) });

    expect(await reconciler.reconcile()).toMatchObject({ armed: 1, removed: 0 });
    expect(await app.delayed()).toEqual(await wanted());
  });

  it('sets a wake-up whose record is left without its place in the delayed set, which would block its id', async () => {
    const id = await app.create({ scheduledStartTime: TOMORROW[0] });
    await app.redis.del(key('delayed'));

    expect(await reconciler.reconcile()).toMatchObject({ armed: 1, removed: 0 });

    expect(await app.delayed()).toEqual(new Map([[`${id}.r1`, TOMORROW[0]]]));
    expect(await reconciler.reconcile()).toMatchObject({ armed: 0, removed: 0 });
  });

  it('leaves what is due to the sweep', async () => {
    await rows.add({ startsInMs: -500 });

    expect(await reconciler.reconcile()).toMatchObject({ armed: 0, removed: 0 });
    expect(await app.redis.llen(key('wait'))).toBe(0);
  });

  it('only looks when asked to: tells what it would repair, and repairs nothing', async () => {
    const missing = await rows.add({ startsInMs: 86_400_000 });
    await scheduler.wakeAt({ batchJobId: 'nobody', revision: 1, startsAt: new Date(TOMORROW[0]) });
    const told: (readonly Difference[] | null)[] = [];
    let starts = 0;

    for await (const found of pages.all((some) => (starts += some))) told.push(found);

    expect(told.flatMap((found) => found?.map(({ kind, queueJobId }) => [kind, queueJobId]))).toEqual([
      ['timer_missing', `${missing}.r1`],
      ['timer_unwanted', 'nobody.r1'],
    ]);
    expect(starts).toBe(1);
    expect([...(await app.delayed()).keys()]).toEqual(['nobody.r1']);
    // Nor does it take the news that Redis was emptied away from those who repair.
    expect(await scheduler.readMark()).toEqual({ mark: null });
  });

  it('ends before its time when told to', async () => {
    await rows.add();
    await scheduler.wakeAt({ batchJobId: 'nobody', revision: 1, startsAt: new Date(TOMORROW[0]) });

    expect(await reconciler.reconcile(AbortSignal.abort())).toBeNull();
    expect([...(await app.delayed()).keys()]).toEqual(['nobody.r1']);
  });

  it('never undoes a reschedule that runs at the same time', async () => {
    const ids = await Promise.all(['a', 'b', 'c'].map((name) => app.create({ name, scheduledStartTime: TOMORROW[0] })));
    const over = new AbortController();
    const reconciling = (async () => {
      let rounds = 0;
      for (; !over.signal.aborted; rounds += 1) await reconciler.reconcile();
      return rounds;
    })();

    for (let times = 0; times < 60; times += 1) {
      const moved = await Promise.all(
        ids.map((id) => rescheduling.reschedule(CALLER, id, { startTime: TOMORROW[times % 2] })),
      );
      // A round that read the rows before the move may set the old wake-up once more, but takes no new one away.
      const armed = await app.delayed();
      for (const { start } of moved) {
        expect(armed.get(`${start.batchJobId}.r${start.revision}`)).toBe(start.startsAt.toISOString());
      }
    }

    over.abort();
    expect(await reconciling).toBeGreaterThan(5);
    await reconciler.reconcile();
    expect(await app.delayed()).toEqual(await wanted());
  });

  it('reads wake-ups before rows: one that is set while it reads the rows is not taken for one that no row wants', async () => {
    const id = await app.create({ scheduledStartTime: TOMORROW[0] });
    // The rows as they are listed, and right after them a move that is made to its end.
    const listing = {
      listScheduled: (after: StartPosition, limit: number) => thenMove(id, schedules.listScheduled(after, limit)),
      listScheduledOf: (ids: readonly string[]) => thenMove(id, schedules.listScheduledOf(ids)),
    };

    await reconcilerOf(scheduler, listing as never).reconcile();

    const revision = (await rows.row(id)).revision;
    expect((await app.delayed()).get(`${id}.r${revision}`)).toBe(TOMORROW[1]);
  });

  it('reads rows again before it sets a wake-up: one that a move took away meanwhile is not set once more', async () => {
    const id = await app.create({ scheduledStartTime: TOMORROW[0] });
    const listing = {
      listScheduled: (after: StartPosition, limit: number) => thenMove(id, schedules.listScheduled(after, limit)),
      listScheduledOf: (ids: readonly string[]) => schedules.listScheduledOf(ids),
    };

    expect(await reconcilerOf(scheduler, listing as never).reconcile()).toMatchObject({ armed: 0, removed: 0 });

    expect(await app.delayed()).toEqual(await wanted());
  });
});

const reconcilerOf = (gateway: SchedulerGateway, of = schedules) =>
  new ScheduleReconciler(new DifferencePages(of, gateway, app.clock), gateway, app.clock, new Metrics());

async function thenMove<T>(id: string, listed: Promise<T>): Promise<T> {
  const rowsAsTheyWere = await listed;
  await rescheduling.reschedule(CALLER, id, { startTime: TOMORROW[1] });
  return rowsAsTheyWere;
}

describe('reconciliations in turns', () => {
  it('are made by one of two workers, and by the other when Redis has forgotten whose turn it is', async () => {
    const id = await app.create({ scheduledStartTime: TOMORROW[0] });
    await loseEverything();
    const loops = [1, 2].map(() => new ReconciliationLoop(reconcilerOf(scheduler), scheduler));
    for (const loop of loops) loop.onApplicationBootstrap();
    const isArmed = async () => expect(await app.delayed()).toEqual(new Map([[`${id}.r1`, TOMORROW[0]]]));

    await eventually(isArmed);
    // Within a second, and not when the turn would have been over.
    await loseEverything();
    await eventually(isArmed, 4_000);

    await Promise.all(loops.map((loop) => loop.beforeApplicationShutdown()));
  });
});

describe('a sweep', () => {
  const NEVER = new AbortController().signal;

  it('starts what Redis forgot, and leaves to the timer what has only just become due', async () => {
    const [overdue, young, future] = [
      await rows.add({ startsInMs: -2_500 }),
      await rows.add({ startsInMs: -200 }),
      await rows.add(),
    ];

    await sweeper.sweep(NEVER);

    expect(await rows.starts(overdue)).toMatchObject([{ trigger: 'sweep', revision: 1 }]);
    expect((await rows.row(young)).status).toBe('scheduled');
    expect((await rows.row(future)).status).toBe('scheduled');
  });

  it('marks missed what is later than the limit', async () => {
    const id = await rows.add({ startsInMs: -61 * 60_000 });

    await sweeper.sweep(NEVER);

    expect(await rows.row(id)).toMatchObject({ status: 'failed', failureReason: 'start_window_missed' });
    expect(await rows.starts(id)).toEqual([]);
  });

  it('of many workers starts each batch once', async () => {
    const ids: string[] = [];
    for (let jobs = 0; jobs < 30; jobs += 1) ids.push(await rows.add({ startsInMs: -3_000 }));

    await Promise.all([1, 2, 3, 4].map(() => sweeper.sweep(NEVER)));

    for (const id of ids) {
      expect(await rows.starts(id)).toHaveLength(1);
      expect(await rows.history(id)).toHaveLength(1);
    }
  });

  it('starts the others when one row is held by somebody', async () => {
    const held = await rows.add({ startsInMs: -4_000 });
    const other = await rows.add({ startsInMs: -3_000 });
    const holder = app.database.createQueryRunner();
    await holder.startTransaction();
    await holder.query('select from batch_jobs where id = $1 for update', [held]);

    await sweeper.sweep(NEVER);

    expect((await rows.row(other)).status).toBe('running');
    expect((await rows.row(held)).status).toBe('scheduled');
    await holder.rollbackTransaction();
    await holder.release();
    await sweeper.sweep(NEVER);
    expect((await rows.row(held)).status).toBe('running');
  });

  it('starts more than one look finds, although one of them is held', async () => {
    await app.database.query('truncate batch_jobs cascade');
    const ids: string[] = [];
    for (let jobs = 0; jobs < 1_200; jobs += 1) ids.push(await rows.add({ startsInMs: -3_000 - (1_200 - jobs) }));
    const holder = app.database.createQueryRunner();
    await holder.startTransaction();
    await holder.query('select from batch_jobs where id = $1 for update', [ids[0]]);

    await sweeper.sweep(NEVER);

    const left = await app.database.query<{ id: string }[]>(`select id from batch_jobs where status = 'scheduled'`);
    expect(left.map(({ id }) => id)).toEqual([ids[0]]);
    await holder.rollbackTransaction();
    await holder.release();
    await sweeper.sweep(NEVER);
    expect((await rows.row(ids[0])).status).toBe('running');
  });

  it('that fails gives its turn back: another worker makes it, and has the next one', async () => {
    let failed = 0;
    const away = {
      listOverdue: () => {
        failed += 1;
        return Promise.reject(new Error('the database is away from this worker'));
      },
    };
    const runner = new BatchRunner(schedules, NO_DISPATCH, new Metrics(), app.settings);
    const failing = new ScheduleSweeper(away as never, runner, scheduler);
    // One that has waited for its turn for long would take it anyway.
    const other = new ScheduleSweeper(schedules, runner, scheduler);
    failing.onApplicationBootstrap();
    await eventually(() => expect(failed).toBe(1));
    await failing.beforeApplicationShutdown();
    const id = await rows.add({ startsInMs: -3_000 });

    other.onApplicationBootstrap();
    await eventually(async () => expect((await rows.row(id)).status).toBe('running'), 1_500);
    await other.beforeApplicationShutdown();

    // It had the turn, and a worker that comes now leaves it to that.
    expect(await app.redis.pttl(key('turn:schedule_sweep'))).toBeGreaterThan(0);
  });

  it('ends before its time when told to', async () => {
    const id = await rows.add({ startsInMs: -3_000 });

    await sweeper.sweep(AbortSignal.abort());

    expect((await rows.row(id)).status).toBe('scheduled');
  });
});
