/* oxlint-disable jest/no-standalone-expect -- what runs at the same time is reported as tests */
import { afterAll, describe, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bull';
import { ConsoleLogger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { JobOptions, Queue } from 'bull';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { SCAN_BEGINNING } from '../../src/queue/delayed-set.js';
import { BATCH_START_PRODUCER, PRODUCER_QUEUES } from '../../src/queue/queues.js';
import { SchedulerGateway, wakeUpId } from '../../src/queue/scheduler.gateway.js';
import { Clock } from '../../src/shared/clock.js';
import { SETTINGS, withDefaults } from '../../src/shared/settings.js';
import { atTheSameTime } from '../support/at-the-same-time.js';
import { eventually } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';
import { soon } from '../support/soon.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const REDIS_URL = process.env.TEST_REDIS_URL ?? '';

const AN_HOUR_MS = 3_600_000;

/** What the tests opened, to be closed whatever becomes of them. */
const open: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function setup(redisUrl = REDIS_URL) {
  const prefix = `{test-${randomUUID()}}`;
  const settings = withDefaults({ databaseUrl: '', apiKeyPepper: '', redisUrl, redisKeyPrefix: prefix });
  const module = await Test.createTestingModule({
    providers: [{ provide: SETTINGS, useValue: settings }, ...PRODUCER_QUEUES, Clock, SchedulerGateway],
  })
    .setLogger(new ConsoleLogger({ logLevels: [] }))
    .compile();
  await module.init();
  const gateway = module.get(SchedulerGateway);
  const queue = module.get<Queue>(getQueueToken(BATCH_START_PRODUCER), { strict: false });
  const close = () => module.close();
  open.push(close);
  return { gateway, queue, prefix, close };
}

async function aProxy(): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(REDIS_URL);
  open.push(() => proxy.stop());
  return proxy;
}

async function aRedis(): Promise<RedisServer> {
  const server = await RedisServer.create();
  open.push(() => server.kill());
  return server;
}

/** With Redis at hand for looking behind the gateway's back. */
async function connected() {
  const bundle = await setup();
  const redis = new Redis(REDIS_URL);
  await eventually(async () => expect(await bundle.gateway.probe()).toBe('up'));
  const key = (name: string) => `${bundle.prefix}:batch-start:${name}`;
  open.push(async () => {
    const keys = await redis.keys(`${bundle.prefix.replace(/[{}]/g, '?')}*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  });
  return { ...bundle, redis, key };
}

const aStart = (startsAt = new Date(Date.now() + AN_HOUR_MS), revision = 1) => ({
  batchJobId: `batch_${randomUUID()}`,
  revision,
  startsAt,
});

const armedIn = async (gateway: SchedulerGateway) =>
  (await gateway.delayed.scan(SCAN_BEGINNING, 1_000))?.armed ?? new Map();

describe('the gateway', () => {
  it.each(['2026-12-31T23:59:59.999Z', '2039-12-31T23:59:59.999Z', '2099-01-01T00:00:00.001Z'])(
    'arms a wake-up that fires at exactly %s',
    async (instant) => {
      const { gateway, redis, key } = await connected();
      const start = aStart(new Date(instant));

      expect(await gateway.wakeAt(start)).toBe(true);

      const id = wakeUpId(start);
      expect(await gateway.lookUp(id)).toEqual({ queueJobId: id, isDelayed: true, firesAt: start.startsAt });
      expect(await armedIn(gateway)).toEqual(new Map([[id, start.startsAt]]));
      const { name, data, opts } = await redis.hgetall(key(id));
      expect({ name, data: JSON.parse(data ?? '') as unknown }).toEqual({
        name: 'start',
        data: { batchJobId: start.batchJobId, revision: 1 },
      });
      expect(JSON.parse(opts ?? '')).toMatchObject({ removeOnComplete: true, removeOnFail: true });
    },
  );

  it('tells which of many are armed, and when they fire', async () => {
    const { gateway, redis, key } = await connected();
    const [armed, blocked] = [aStart(), aStart()];
    for (const start of [armed, blocked]) await gateway.wakeAt(start);
    await redis.zrem(key('delayed'), wakeUpId(blocked));

    const ids = [wakeUpId(blocked), wakeUpId(armed), 'batch_x.r1'];
    expect(await gateway.delayed.firingTimes(ids)).toEqual(new Map([[wakeUpId(armed), armed.startsAt]]));
    expect(await gateway.delayed.firingTimes([])).toEqual(new Map());
    expect(await gateway.delayed.size()).toBe(1);
  });

  it('lists those that fire first, up to an instant and a number', async () => {
    const { gateway } = await connected();
    const until = Date.now() + AN_HOUR_MS;
    const starts = [-2, -1, 0, 1].map((ms) => aStart(new Date(until + ms)));
    for (const start of starts) await gateway.wakeAt(start);

    const found = async (limit: number) => [...((await gateway.delayed.listUntil(new Date(until), limit)) ?? [])];
    const [first, second, third] = starts.map((start) => [wakeUpId(start), start.startsAt]);
    expect(await found(10)).toEqual([first, second, third]);
    expect(await found(2)).toEqual([first, second]);
  });

  it('goes through all of them page by page', async () => {
    const { gateway } = await connected();
    const starts = Array.from({ length: 1_000 }, () => aStart());
    expect(await gateway.renewAll(starts)).toBe(1_000);
    const found = new Set<string>();
    let [from, pages] = [SCAN_BEGINNING, 0];
    do {
      const page = await gateway.delayed.scan(from, 100);
      for (const id of page?.armed.keys() ?? []) found.add(id);
      from = page?.next ?? SCAN_BEGINNING;
      pages += 1;
    } while (from !== SCAN_BEGINNING);

    expect([...found].toSorted()).toEqual(starts.map((start) => wakeUpId(start)).toSorted());
    expect(pages).toBeGreaterThan(3);
  });

  it('sets many anew: what is missing, blocked or at another time, and not what a worker has in its hands', async () => {
    const { gateway, redis, key } = await connected();
    const [missing, blocked, moved, locked] = [aStart(), aStart(), aStart(), aStart()];
    for (const start of [blocked, locked]) await gateway.wakeAt(start);
    await gateway.wakeAt({ ...moved, startsAt: new Date(Date.now() + 2 * AN_HOUR_MS) });
    for (const start of [blocked, locked]) await redis.zrem(key('delayed'), wakeUpId(start));
    await redis.set(`${key(wakeUpId(locked))}:lock`, 'a worker');

    expect(await gateway.renewAll([missing, blocked, moved, locked])).toBe(3);

    const expected = [missing, blocked, moved].map((start) => [wakeUpId(start), start.startsAt] as const);
    expect(await armedIn(gateway)).toEqual(new Map(expected));
    expect(await gateway.forgetAll([missing, blocked, locked].map((start) => wakeUpId(start)))).toBe(2);
    expect(await armedIn(gateway)).toEqual(new Map(expected.slice(2)));
  });

  it('forgets a wake-up, once', async () => {
    const { gateway, redis, key } = await connected();
    const [start, neighbour] = [aStart(), aStart()];
    await gateway.rearm(null, start);
    await gateway.rearm(null, neighbour);

    expect(await gateway.forget(wakeUpId(start))).toBe(true);

    expect(await gateway.lookUp(wakeUpId(start))).toBeNull();
    expect(await redis.exists(key(wakeUpId(start)))).toBe(0);
    expect(await gateway.forget(wakeUpId(start))).toBe(false);
    expect([...(await armedIn(gateway)).keys()]).toEqual([wakeUpId(neighbour)]);
  });

  it('forgets a wake-up whose record is gone and whose place in the queue is not', async () => {
    const { gateway, redis, key } = await connected();
    const start = aStart();
    await gateway.wakeAt(start);
    await redis.del(key(wakeUpId(start)));

    expect(await gateway.forget(wakeUpId(start))).toBe(true);
    expect(await armedIn(gateway)).toEqual(new Map());
  });

  it('sets the new wake-up and takes the old one away together, and tells of each', async () => {
    const { gateway } = await connected();
    const old = aStart();
    const moved = { ...old, revision: 2, startsAt: new Date(Date.now() + 2 * AN_HOUR_MS) };
    await gateway.wakeAt(old);

    expect(await gateway.rearm(old, moved)).toEqual({ oldJobCancelled: true, isArmed: true });
    expect(await armedIn(gateway)).toEqual(new Map([[wakeUpId(moved), moved.startsAt]]));
    expect(await gateway.rearm(old, null)).toEqual({ oldJobCancelled: false, isArmed: false });
  });

  it.each([
    ['later', AN_HOUR_MS],
    ['at once', 0],
  ])('writes, for a wake-up %s, what Bull would have written', async (_, delay) => {
    const { gateway, queue, redis, key } = await connected();
    const timestamp = Date.now();
    const ours = aStart(new Date(timestamp + delay));
    const ofBull = { ...ours, revision: 2 };
    const options = { jobId: wakeUpId(ofBull), delay, removeOnComplete: true, removeOnFail: true };

    await gateway.rearm(null, ours);
    await queue.add('start', { batchJobId: ours.batchJobId, revision: 2 }, { ...options, timestamp } as JobOptions);

    const record = async (start: typeof ours) => {
      const { timestamp: madeAt, delay: waits, data, opts, ...others } = await redis.hgetall(key(wakeUpId(start)));
      const { jobId, timestamp: at, delay: ms, ...rest } = JSON.parse(opts) as Record<string, unknown>;
      const firesAt = Number(madeAt) + Number(waits);
      expect([jobId, at, ms]).toEqual([wakeUpId(start), Number(madeAt), Number(waits)]);
      expect(JSON.parse(data)).toEqual({ batchJobId: start.batchJobId, revision: start.revision });
      return { ...others, rest, firesAt: delay > 0 ? firesAt : null };
    };
    expect(await record(ours)).toEqual(await record(ofBull));
    const scores = await redis.zmscore(key('delayed'), wakeUpId(ours), wakeUpId(ofBull));
    expect(Number(scores[1]) - Number(scores[0])).toBe(delay > 0 ? 1 : 0);
    expect(await redis.lrange(key('wait'), 0, -1)).toHaveLength(delay > 0 ? 0 : 2);
  });

  it('tells workers of a wake-up that is the first to fire, and of no other', async () => {
    const { gateway, redis, key } = await connected();
    const heard: string[] = [];
    const subscriber = redis.duplicate();
    open.push(async () => subscriber.disconnect());
    await subscriber.subscribe(key('delayed'));
    subscriber.on('message', (_: string, firesAt: string) => heard.push(firesAt));
    const at = (hours: number) => aStart(new Date(Date.now() + hours * AN_HOUR_MS));
    const starts = [at(2), at(3), at(1)];

    for (const start of starts) await gateway.rearm(null, start);

    const first = [starts[0], starts[2]].map(({ startsAt }) => String(startsAt.getTime()));
    await eventually(() => expect(heard).toHaveLength(2));
    expect(heard).toEqual(first);
  });

  it('leaves a wake-up that a worker has locked, and sets the new one', async () => {
    const { gateway, redis, key } = await connected();
    const old = aStart();
    await gateway.wakeAt(old);
    await redis.set(`${key(wakeUpId(old))}:lock`, 'a worker');

    expect(await gateway.rearm(old, { ...old, revision: 2 })).toEqual({ oldJobCancelled: false, isArmed: true });

    expect(await redis.exists(key(wakeUpId(old)))).toBe(1);
  });

  it('never gives two schedules one id, and leaves an id that is used as it is', async () => {
    const { gateway } = await connected();
    const first = aStart();
    await gateway.wakeAt(first);

    expect(await gateway.wakeAt({ ...first, startsAt: new Date(Date.now() + 2 * AN_HOUR_MS) })).toBe(true);
    expect(await gateway.wakeAt({ ...first, revision: 2 })).toBe(true);

    expect(await armedIn(gateway)).toEqual(
      new Map([
        [wakeUpId(first), first.startsAt],
        [wakeUpId({ ...first, revision: 2 }), first.startsAt],
      ]),
    );
  });

  it('wakes at once for a start that has passed', async () => {
    const { gateway, redis, key } = await connected();
    const start = aStart(new Date(Date.now() - AN_HOUR_MS));

    expect(await gateway.wakeAt(start)).toBe(true);

    expect(await redis.lrange(key('wait'), 0, -1)).toEqual([wakeUpId(start)]);
    expect(await armedIn(gateway)).toEqual(new Map());
    expect(await gateway.lookUp(wakeUpId(start))).toMatchObject({ isDelayed: false });
  });

  it('arms nothing for what is not an instant, which Bull would run at once', async () => {
    const { gateway, redis, key } = await connected();

    for (const startsAt of [new Date(Number.NaN), new Date('tomorrow')]) {
      expect(await gateway.wakeAt(aStart(startsAt))).toBe(false);
    }

    expect(await redis.llen(key('wait'))).toBe(0);
    expect(await armedIn(gateway)).toEqual(new Map());
  });

  it('keeps a mark for as long as the data', async () => {
    const { gateway, redis, key } = await connected();

    expect(await gateway.readMark()).toEqual({ mark: null });
    expect(await gateway.leaveMark('here')).toBe(true);
    expect(await gateway.readMark()).toEqual({ mark: 'here' });
    await redis.del(key('mark'));
    expect(await gateway.readMark()).toEqual({ mark: null });
  });

  it('answers for what was never there', async () => {
    const { gateway } = await connected();

    expect(await gateway.lookUp('batch_x.r1')).toBeNull();
    expect(await gateway.forget('batch_x.r1')).toBe(false);
    expect(await gateway.rearm(aStart(), null)).toEqual({ oldJobCancelled: false, isArmed: false });
  });
});

type Gateway = Awaited<ReturnType<typeof setup>>['gateway'];

/** Every method, with what it may answer while Redis does not. */
const METHODS: [string, (gateway: Gateway) => Promise<unknown>, unknown][] = [
  ['rearm', (gateway) => gateway.rearm(aStart(), aStart()), { oldJobCancelled: false, isArmed: false }],
  ['wakeAt', (gateway) => gateway.wakeAt(aStart()), false],
  ['forget', (gateway) => gateway.forget('batch_x.r1'), null],
  ['lookUp', (gateway) => gateway.lookUp('batch_x.r1'), 'unknown'],
  ['forgetAll', (gateway) => gateway.forgetAll(['batch_x.r1']), null],
  ['renewAll', (gateway) => gateway.renewAll([aStart()]), null],
  ['size', (gateway) => gateway.delayed.size(), null],
  ['listUntil', (gateway) => gateway.delayed.listUntil(new Date(), 10), null],
  ['scan', (gateway) => gateway.delayed.scan(SCAN_BEGINNING, 10), null],
  ['firingTimes', (gateway) => gateway.delayed.firingTimes(['batch_x.r1']), null],
  ['probe', (gateway) => gateway.probe(), 'down'],
  ['readMark', (gateway) => gateway.readMark(), null],
  ['leaveMark', (gateway) => gateway.leaveMark('here'), false],
];

async function expectPatience(gateway: Gateway): Promise<void> {
  for (const [name, ask, expected] of METHODS) {
    expect([name, await soon(name, () => ask(gateway))]).toEqual([name, expected]);
  }
}

async function expectReturn(gateway: Gateway): Promise<void> {
  const works = async () => [await gateway.wakeAt(aStart()), await gateway.probe(), await gateway.forget('batch_x.r1')];
  await eventually(async () => expect(await works()).toEqual([true, 'up', false]));
}

const refuse = (proxy: TcpProxy) => proxy.refuse();
const swallow = (proxy: TcpProxy) => Promise.resolve(proxy.blackhole());

async function answersDuring(fail: (proxy: TcpProxy) => Promise<void>): Promise<void> {
  const proxy = await aProxy();
  const { gateway } = await setup(proxy.url);
  await expectReturn(gateway);

  await fail(proxy);
  await expectPatience(gateway);

  await proxy.heal();
  await expectReturn(gateway);
}

async function answersFromTheFirst(fail: (proxy: TcpProxy) => Promise<void>): Promise<void> {
  const proxy = await aProxy();
  await fail(proxy);
  const { gateway } = await setup(proxy.url);

  await expectPatience(gateway);

  await proxy.heal();
  await expectReturn(gateway);
}

async function closesSoonDuring(fail: (proxy: TcpProxy) => Promise<void>): Promise<void> {
  const proxy = await aProxy();
  const { gateway, close } = await setup(proxy.url);
  await expectReturn(gateway);
  await fail(proxy);

  await soon('closing', close);
}

describe('with Redis away', () => {
  atTheSameTime({
    'every method answers while connections are refused, and works again afterwards': () => answersDuring(refuse),
    'every method answers while connections are silent, and works again afterwards': () => answersDuring(swallow),
    'every method answers when connections are refused from the first': () => answersFromTheFirst(refuse),
    'every method answers when connections are silent from the first': () => answersFromTheFirst(swallow),
    'closing ends soon while connections are refused': () => closesSoonDuring(refuse),
    'closing ends soon while connections are silent': () => closesSoonDuring(swallow),

    'a connection that is half-open is given up, for one that works': async () => {
      const proxy = await aProxy();
      const { gateway } = await setup(proxy.url);
      await expectReturn(gateway);

      proxy.halfOpen();
      await expectReturn(gateway);
    },

    'connections that end before Redis has said a word do no harm': async () => {
      const proxy = await aProxy();
      const { gateway } = await setup(proxy.url);
      await expectReturn(gateway);

      proxy.blackhole();
      for (let times = 0; times < 8; times += 1) {
        proxy.reset();
        await eventually(() => expect(proxy.connections).toBe(2));
      }
      await proxy.heal();

      await expectReturn(gateway);
    },

    'every method answers while Redis takes its time, whatever it makes of it': async () => {
      const proxy = await aProxy();
      const { gateway } = await setup(proxy.url);
      await expectReturn(gateway);
      const start = aStart();
      await gateway.wakeAt(start);

      // One step: shorter than what is waited for, and longer.
      proxy.delay(200);
      expect(await gateway.rearm(start, { ...start, revision: 2 })).toEqual({ oldJobCancelled: true, isArmed: true });
      proxy.delay(700);
      expect(await gateway.forget(wakeUpId({ ...start, revision: 2 }))).toBeNull();
    },

    'connections that are reset again and again do no harm': async () => {
      const proxy = await aProxy();
      const { gateway } = await setup(proxy.url);
      await expectReturn(gateway);

      for (let times = 0; times < 20; times += 1) {
        const asked = METHODS.map(([, ask]) => ask(gateway));
        proxy.reset();
        await soon('all methods', () => Promise.all(asked));
      }

      await expectReturn(gateway);
    },

    'every method answers while Redis is frozen, and works again when it is not': async () => {
      const server = await aRedis();
      const { gateway } = await setup(server.url);
      await expectReturn(gateway);

      server.freeze();
      await expectPatience(gateway);

      server.thaw();
      await expectReturn(gateway);
    },

    'every method answers after Redis was killed, and works again with an empty one': async () => {
      const server = await aRedis();
      const { gateway } = await setup(server.url);
      await expectReturn(gateway);
      await gateway.leaveMark('here');

      await server.kill();
      await expectPatience(gateway);

      await server.start();
      await expectReturn(gateway);
      expect(await gateway.readMark()).toEqual({ mark: null });
    },
  });
});
