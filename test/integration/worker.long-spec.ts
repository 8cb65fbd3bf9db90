/* oxlint-disable jest/no-standalone-expect -- what runs at the same time is reported as tests */
import { afterAll, describe, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bull';
import type { Queue } from 'bull';
import { Redis } from 'ioredis';
import { BatchRunner } from '../../src/calling/batch.runner.js';
import { ScheduleRepository } from '../../src/batch-jobs/schedule.repository.js';
import { BATCH_START_PRODUCER } from '../../src/queue/queues.js';
import { atTheSameTime } from '../support/at-the-same-time.js';
import { eventually } from '../support/eventually.js';
import { JobRows } from '../support/job-rows.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { soon } from '../support/soon.js';
import { aBatch, TestApp } from '../support/test-app.js';

const REDIS_URL = process.env.TEST_REDIS_URL ?? '';

// With Redis gone, or on a machine that is overloaded (docs/reliability.md). That a timer is prompt is measured in
// bench/.
const BOUND_MS = 15_000;
// Ahead of a move that is answered without Redis: more than the answer takes on a busy machine.
const MOVED_AHEAD_MS = 20_000;

/** What the tests opened, to be closed whatever becomes of them. */
const open: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

/** A worker that serves HTTP as well, on a given Redis or the run's own. */
async function aWorker(redisUrl?: string) {
  const app = await TestApp.start({ consumeQueues: true, settings: redisUrl === undefined ? {} : { redisUrl } });
  if (redisUrl !== undefined) {
    // The test's own look into Redis does not go the way that it breaks.
    app.redis.disconnect();
    Object.assign(app, { redis: new Redis(REDIS_URL) });
  }
  open.push(() => app.stop());
  return { app, rows: new JobRows(app.database) };
}

async function aRedis(isRunning = true): Promise<RedisServer> {
  const server = await RedisServer.create(isRunning);
  open.push(() => server.kill());
  return server;
}

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** Creates a batch that is due in so many milliseconds, or later where creating it takes longer than that. */
async function dueIn(app: TestApp, ms: number): Promise<string> {
  for (let aheadMs = ms; ; aheadMs *= 2) {
    const { status, body } = await app.post('/batch/create', { ...aBatch(), scheduledStartTime: inMs(aheadMs) });
    if (status === 200) return body.batchJobId as string;
    if (body.code !== 'past_scheduled_time') throw new Error(`not created: ${JSON.stringify(body)}`);
  }
}

/** Waits until a batch is started by its timer: those before are the sweep's, as long as Redis is not there yet. */
const startedByTimer = (app: TestApp, rows: JobRows) =>
  eventually(async () => {
    const { trigger } = await started(rows, await dueIn(app, 1_500));
    if (trigger !== 'timer') throw new Error(`started by ${trigger}`);
  }, 90_000);

/** Waits for the start. @returns what the ledger says of it */
async function started(rows: JobRows, id: string) {
  const start = await eventually(async () => {
    const [found] = await rows.starts(id);
    if (!found) throw new Error(`${id} is ${(await rows.row(id)).status}`);
    return found;
  });
  expect(start.startedAt.getTime()).toBeGreaterThanOrEqual((start.plannedAt as Date).getTime());
  return start;
}

/** Figures of the run, shown when asked for. */
const tell = (what: string, lateMs: readonly (number | null)[]): void => {
  if (!process.env.TELL_LATENESS) return;
  const sorted = lateMs.map(Number).toSorted((a, b) => a - b);
  const [median, worst] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  process.stderr.write(`${what}: ${sorted.length} starts, late by ${median} ms in the median, ${worst} ms at worst\n`);
};

describe('a worker', () => {
  it('starts batches by the timer', async () => {
    const { app, rows } = await aWorker();
    const ids: string[] = [];
    for (let jobs = 0; jobs < 30; jobs += 1) ids.push(await dueIn(app, 1_500 + jobs * 30));
    const moved = await app.create({ scheduledStartTime: inMs(3_600_000) });
    await app.reschedule(moved, { scheduledStartTime: inMs(4_000) });

    const starts = await Promise.all([...ids, moved].map((id) => started(rows, id)));

    for (const { lateMs } of starts) expect(lateMs).toBeLessThan(BOUND_MS);
    // The sweep may have made one that the timer was 2 s late for.
    expect(starts.map(({ trigger }) => trigger)).toContain('timer');
    expect((await rows.starts(moved))[0]?.revision).toBe(2);
    tell(
      'by the timer',
      starts.map(({ lateMs }) => lateMs),
    );
    await eventually(async () => expect(await queueKeys(app)).toEqual([]));
  });

  it('acknowledges what is no wake-up in force, and keeps none of it', async () => {
    const { app, rows } = await aWorker();
    const queue = app.app.get<Queue>(getQueueToken(BATCH_START_PRODUCER), { strict: false });
    const other = await rows.add({ status: 'cancelled' });
    const ahead = await app.create({ scheduledStartTime: inMs(3_600_000) });
    for (let moves = 0; moves < 2; moves += 1) await app.reschedule(ahead, { scheduledStartTime: inMs(3_600_000) });
    const before = await rows.snapshot();

    // Added as anybody might: without our options.
    await Promise.all([
      queue.add('start', { batchJobId: ahead, revision: 2 }),
      queue.add('start', { batchJobId: other, revision: 1 }),
      queue.add('start', { batchJobId: other, revision: 1 }),
      queue.add('start', { batchJobId: 'batch_01ARZ3NDEKTSV4RRFFQ69G5FAV', revision: 1 }),
      queue.add('start', { batchJobId: 'not\u0000an id', revision: 1 }),
      queue.add('start', { batchJobId: ahead, revision: 3_000_000_000 }),
      queue.add('start', { batchJobId: ahead, revision: -1 }),
      queue.add('start', { batchJobId: ahead, revision: 1.5 }),
      queue.add('start', { batchJobId: 'x'.repeat(5_000_000), revision: 1 }),
      queue.add('start', { batchJobId: { id: ahead }, revision: '3' }),
      queue.add('start', {}),
      queue.add('start', []),
      queue.add('start', 'text'),
      queue.add('start', null),
      queue.add('unknown', { batchJobId: ahead, revision: 3 }),
      queue.add({ batchJobId: ahead, revision: 1 }),
      queue.add('start', { batchJobId: ahead, revision: 1 }, { attempts: 5 }),
    ]);
    // An id in the list whose record is gone, as after a removal that came between.
    await app.redis.lpush(`${app.settings.redisKeyPrefix}:batch-start:wait`, 'gone.r1');

    await eventually(async () =>
      expect((await queueKeys(app)).toSorted()).toEqual([`${ahead}.r3`, 'delayed'].toSorted()),
    );
    expect(await rows.snapshot()).toEqual(before);
  });

  it('starts a batch once for many wake-ups of one schedule', async () => {
    const { app, rows } = await aWorker();
    const queue = app.app.get<Queue>(getQueueToken(BATCH_START_PRODUCER), { strict: false });
    const id = await dueIn(app, 1_000);
    await Promise.all(Array.from({ length: 10 }, () => queue.add('start', { batchJobId: id, revision: 1 })));

    await started(rows, id);

    await eventually(async () => expect(await queueKeys(app)).toEqual([]));
    expect((await rows.history(id)).map(({ action }) => action)).toEqual(['created', 'started']);
  });

  it('waits out a wake-up that is early, and no longer than it must', async () => {
    const { app, rows } = await aWorker();
    const queue = app.app.get<Queue>(getQueueToken(BATCH_START_PRODUCER), { strict: false });
    const id = await rows.add({ startsInMs: 1_500 });
    await queue.add('start', { batchJobId: id, revision: 1 });

    const { lateMs, trigger } = await started(rows, id);

    expect(['timer', 'sweep']).toContain(trigger);
    expect(lateMs).toBeLessThan(BOUND_MS);
  });
});

/** Keys of the queue that hold jobs or lists of jobs. */
async function queueKeys(app: TestApp): Promise<string[]> {
  const prefix = `${app.settings.redisKeyPrefix}:batch-start:`;
  const keys = (await app.redis.keys(`${prefix.replace(/[{}]/g, '?')}*`)).map((key) => key.slice(prefix.length));
  const kept = ['id', 'mark', 'turn:reconciliation', 'turn:schedule_sweep', 'stalled-check', 'stalled'];
  return keys.filter((key) => !kept.includes(key));
}

/** Sets PostgreSQL's clock apart from that of the process and its timers. */
const skew = (app: TestApp, databaseAheadMs: number) =>
  app.database.query('update public.test_clock set offset_ms = $1', [databaseAheadMs]);

describe('with clocks apart', () => {
  const startsInTime = async (databaseAheadMs: number) => {
    const { app, rows } = await aWorker();
    await skew(app, databaseAheadMs);
    const kept = await app.create({ scheduledStartTime: inMs(databaseAheadMs + 5_000) });
    const moved = await app.create({ scheduledStartTime: inMs(databaseAheadMs + 8_000) });
    await app.reschedule(moved, { scheduledStartTime: inMs(databaseAheadMs + 6_000) });

    for (const id of [kept, moved]) expect((await started(rows, id)).lateMs).toBeLessThan(BOUND_MS);
  };

  atTheSameTime({
    'a process 5 s behind PostgreSQL starts nothing early, and nothing beyond the bound': () => startsInTime(5_000),
    'a process 5 s ahead of PostgreSQL starts nothing early, and nothing beyond the bound': () => startsInTime(-5_000),
    'a process 10 min behind PostgreSQL starts nothing early, and nothing beyond the bound': () =>
      startsInTime(600_000),
    'a process 10 min ahead of PostgreSQL starts nothing early, and nothing beyond the bound': () =>
      startsInTime(-600_000),

    'a wake-up more than 30 s early is given up, and the start is made all the same': async () => {
      const { app, rows } = await aWorker();
      await skew(app, -100_000);
      const id = await app.create({ scheduledStartTime: inMs(-60_000) });
      await eventually(async () => expect(await queueKeys(app)).toEqual([]));
      expect((await rows.row(id)).status).toBe('scheduled');

      await skew(app, -61_000);

      const { lateMs, trigger } = await started(rows, id);
      expect(trigger).toBe('sweep');
      expect(lateMs).toBeLessThan(BOUND_MS);
    },
  });
});

describe('with Redis gone', () => {
  atTheSameTime({
    'moves are answered and starts made within the bound, and the timer is back with Redis': async () => {
      const redis = await aRedis();
      const { app, rows } = await aWorker(redis.url);
      const [kept, moved] = [await dueIn(app, 4_000), await app.create({ scheduledStartTime: inMs(3_600_000) })];
      await redis.kill();

      const { status, body } = await soon('a move', () =>
        app.reschedule(moved, { scheduledStartTime: inMs(MOVED_AHEAD_MS) }),
      );
      expect({ status, body }).toMatchObject({ status: 200, body: { oldJobCancelled: false, scheduleRevision: 2 } });
      const late = [await started(rows, kept), await started(rows, moved)].map(({ lateMs }) => lateMs);
      for (const lateMs of late) expect(lateMs).toBeLessThan(BOUND_MS);
      tell('with Redis gone', late);

      await redis.start();
      await startedByTimer(app, rows);
    },

    'a worker whose Redis is dead at boot starts batches, and takes up the timer when Redis is there': async () => {
      const redis = await aRedis(false);
      const { app, rows } = await aWorker(redis.url);
      expect(await started(rows, await dueIn(app, 500))).toMatchObject({ trigger: 'sweep' });

      await redis.start();
      await startedByTimer(app, rows);
    },

    'wakes for a schedule whose wake-up was lost with all data of Redis': async () => {
      const redis = await aRedis();
      const { app, rows } = await aWorker(redis.url);
      // One that the reconciliation sets again in time, and one that only the sweep can find.
      const [later, soonDue] = [await dueIn(app, 20_000), await dueIn(app, 700)];
      await redis.ask((client) => client.flushall());

      expect((await started(rows, soonDue)).lateMs).toBeLessThan(BOUND_MS);
      expect(await started(rows, later)).toMatchObject({ trigger: 'timer' });
    },

    'starts are made within the bound while Redis is frozen, and by the timer afterwards': async () => {
      const redis = await aRedis();
      const { app, rows } = await aWorker(redis.url);
      const id = await dueIn(app, 1_500);
      redis.freeze();

      const { lateMs } = await started(rows, id);
      expect(lateMs).toBeLessThan(BOUND_MS);
      tell('with Redis frozen', [lateMs]);
      redis.thaw();
      const ahead = await dueIn(app, 1_500);
      expect(await started(rows, ahead)).toMatchObject({ trigger: 'timer' });
    },

    'connections that are half-open delay a start, within the bound': async () => {
      const proxy = await TcpProxy.start(REDIS_URL);
      open.push(() => proxy.stop());
      const { app, rows } = await aWorker(proxy.url);
      const id = await dueIn(app, 1_500);
      proxy.halfOpen();

      expect((await started(rows, id)).lateMs).toBeLessThan(BOUND_MS);
    },
  });
});

type Fault = (proxy: TcpProxy) => Promise<void>;

describe('a shutdown', () => {
  /** Sockets and timers of this process; a test's own are there before and after. */
  const resources = () =>
    process.getActiveResourcesInfo().filter((kind) => /^(TCPSocketWrap|TCPServerWrap|Timeout)$/.test(kind)).length;

  const FAULTS: Record<string, { boot?: Fault; later?: Fault }> = {
    'is well': {},
    'is refused': { later: (proxy) => proxy.refuse() },
    'is silent': { later: (proxy) => Promise.resolve(proxy.blackhole()) },
    'is refused from the first': { boot: (proxy) => proxy.refuse() },
    'is silent from the first': { boot: (proxy) => Promise.resolve(proxy.blackhole()) },
  };

  it('ends within the deadline whatever Redis does, and leaves nothing open', async () => {
    const before = resources();
    const closed: TestApp[] = [];
    for (const [name, { boot, later }] of Object.entries(FAULTS)) {
      const proxy = await TcpProxy.start(REDIS_URL);
      await boot?.(proxy);
      const { app, rows } = await aWorker(proxy.url);
      await started(rows, await rows.add({ startsInMs: -2_000 }));
      await later?.(proxy);

      const from = performance.now();
      await app.app.close();
      const tookMs = performance.now() - from;
      expect(`when Redis ${name}: ${tookMs < 6_000 ? 'in time' : `${tookMs} ms`}`).toBe(`when Redis ${name}: in time`);

      // The test's own connections, and those the proxy keeps open, go as well.
      app.redis.disconnect();
      await app.database.destroy();
      await proxy.stop();
      closed.push(app);
    }
    await eventually(() => expect(resources()).toBeLessThanOrEqual(before), 8_000);
    for (const app of closed) {
      await app.database.initialize();
      await app.redis.connect();
    }
  }, 90_000);

  it('does not wait for a wake-up that is early', async () => {
    const { app, rows } = await aWorker();
    const runner = app.app.get(BatchRunner, { strict: false });
    const id = await rows.add({ startsInMs: 25_000 });
    const stop = new AbortController();
    const waiting = runner.start({ batchJobId: id, revision: 1 }, 'timer', stop.signal);
    await eventually(async () => {
      const schedules = app.app.get(ScheduleRepository, { strict: false });
      expect(await schedules.listScheduled({ startsAt: new Date(0), batchJobId: '' }, 10)).toHaveLength(1);
    });

    stop.abort();

    expect(await waiting).toMatchObject({ outcome: 'early' });
    expect((await rows.row(id)).status).toBe('scheduled');
  });
});
