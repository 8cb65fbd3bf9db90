import { describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { queueModules } from '../../src/scheduling/queues.js';
import { SchedulerGateway, wakeUpId } from '../../src/scheduling/scheduler.gateway.js';
import { Clock } from '../../src/shared/clock.js';
import { SETTINGS, withDefaults } from '../../src/shared/settings.js';
import { eventually } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const REDIS_URL = process.env.TEST_REDIS_URL ?? '';

// The design's 500 ms, and what a busy machine adds.
const PATIENCE_MS = 600;

const AN_HOUR_MS = 3_600_000;

class SettingsOnly {}

async function setup(redisUrl = REDIS_URL) {
  const prefix = `{test-${randomUUID()}}`;
  const settings = withDefaults({ databaseUrl: '', apiKeyPepper: '', redisUrl, redisKeyPrefix: prefix });
  const settingsModule = {
    module: SettingsOnly,
    providers: [{ provide: SETTINGS, useValue: settings }],
    exports: [SETTINGS],
  };
  const module = await Test.createTestingModule({
    imports: queueModules(settingsModule, false),
    providers: [Clock, SchedulerGateway],
  })
    .setLogger(false)
    .compile();
  await module.init();
  const gateway = module.get(SchedulerGateway);
  return { gateway, prefix, close: () => module.close() };
}

/** With Redis at hand for looking behind the gateway's back. */
async function connected() {
  const bundle = await setup();
  const redis = new Redis(REDIS_URL);
  await eventually(async () => expect(await bundle.gateway.isReachable()).toBe(true));
  const key = (name: string) => `${bundle.prefix}:batch-start:${name}`;
  const close = async () => {
    const keys = await redis.keys(`${bundle.prefix.replace(/[{}]/g, '?')}*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
    await bundle.close();
  };
  return { ...bundle, redis, key, close };
}

const aStart = (startsAt = new Date(Date.now() + AN_HOUR_MS), revision = 1) => ({
  batchJobId: `batch_${randomUUID()}`,
  revision,
  startsAt,
});

describe('the gateway', () => {
  it.each(['2026-12-31T23:59:59.999Z', '2039-12-31T23:59:59.999Z', '2099-01-01T00:00:00.001Z'])(
    'arms a wake-up that fires at exactly %s',
    async (instant) => {
      const { gateway, redis, key, close } = await connected();
      const start = aStart(new Date(instant));

      expect(await gateway.wakeAt(start)).toBe(true);

      const id = wakeUpId(start);
      expect(await gateway.lookUp(id)).toEqual({ queueJobId: id, isDelayed: true, firesAt: start.startsAt });
      expect(await gateway.listArmed()).toEqual(new Map([[id, start.startsAt]]));
      const { name, data, opts } = await redis.hgetall(key(id));
      expect({ name, data: JSON.parse(data ?? '') as unknown }).toEqual({
        name: 'start',
        data: { batchJobId: start.batchJobId, revision: 1 },
      });
      expect(JSON.parse(opts ?? '')).toMatchObject({ removeOnComplete: true, removeOnFail: true });
      await close();
    },
  );

  it('forgets a wake-up, once', async () => {
    const { gateway, redis, key, close } = await connected();
    const [start, neighbour] = [aStart(), aStart()];
    await gateway.rearm(null, start);
    await gateway.rearm(null, neighbour);

    expect(await gateway.forget(wakeUpId(start))).toBe(true);

    expect(await gateway.lookUp(wakeUpId(start))).toBeNull();
    expect(await redis.exists(key(wakeUpId(start)))).toBe(0);
    expect(await gateway.forget(wakeUpId(start))).toBe(false);
    expect([...((await gateway.listArmed()) ?? []).keys()]).toEqual([wakeUpId(neighbour)]);
    await close();
  });

  it('forgets a wake-up whose record is gone and whose place in the queue is not', async () => {
    const { gateway, redis, key, close } = await connected();
    const start = aStart();
    await gateway.wakeAt(start);
    await redis.del(key(wakeUpId(start)));

    expect(await gateway.forget(wakeUpId(start))).toBe(true);
    expect(await gateway.listArmed()).toEqual(new Map());
    await close();
  });

  it('sets the new wake-up and takes the old one away together, and tells of each', async () => {
    const { gateway, close } = await connected();
    const old = aStart();
    const moved = { ...old, revision: 2, startsAt: new Date(Date.now() + 2 * AN_HOUR_MS) };
    await gateway.wakeAt(old);

    expect(await gateway.rearm(old, moved)).toEqual({ oldJobCancelled: true, isArmed: true });
    expect(await gateway.listArmed()).toEqual(new Map([[wakeUpId(moved), moved.startsAt]]));
    expect(await gateway.rearm(old, null)).toEqual({ oldJobCancelled: false, isArmed: false });
    await close();
  });

  it('never gives two schedules one id, and leaves an id that is used as it is', async () => {
    const { gateway, close } = await connected();
    const first = aStart();
    await gateway.wakeAt(first);

    expect(await gateway.wakeAt({ ...first, startsAt: new Date(Date.now() + 2 * AN_HOUR_MS) })).toBe(true);
    expect(await gateway.wakeAt({ ...first, revision: 2 })).toBe(true);

    expect(await gateway.listArmed()).toEqual(
      new Map([
        [wakeUpId(first), first.startsAt],
        [wakeUpId({ ...first, revision: 2 }), first.startsAt],
      ]),
    );
    await close();
  });

  it('wakes at once for a start that has passed', async () => {
    const { gateway, redis, key, close } = await connected();
    const start = aStart(new Date(Date.now() - AN_HOUR_MS));

    expect(await gateway.wakeAt(start)).toBe(true);

    expect(await redis.lrange(key('wait'), 0, -1)).toEqual([wakeUpId(start)]);
    expect(await gateway.listArmed()).toEqual(new Map());
    expect(await gateway.lookUp(wakeUpId(start))).toMatchObject({ isDelayed: false });
    await close();
  });

  it('arms nothing for what is not an instant, which Bull would run at once', async () => {
    const { gateway, redis, key, close } = await connected();

    for (const startsAt of [new Date(Number.NaN), new Date('tomorrow')]) {
      expect(await gateway.wakeAt(aStart(startsAt))).toBe(false);
    }

    expect(await redis.llen(key('wait'))).toBe(0);
    expect(await gateway.listArmed()).toEqual(new Map());
    await close();
  });

  it('knows a Redis that lost its data from one that did not', async () => {
    const { gateway, redis, key, close } = await connected();

    expect(await gateway.isRedisNew()).toBe(true);
    expect(await gateway.isRedisNew()).toBe(false);
    await redis.del(key('epoch'));
    expect(await gateway.isRedisNew()).toBe(true);
    await close();
  });

  it('answers for what was never there', async () => {
    const { gateway, close } = await connected();

    expect(await gateway.lookUp('batch_x.r1')).toBeNull();
    expect(await gateway.forget('batch_x.r1')).toBe(false);
    expect(await gateway.rearm(aStart(), null)).toEqual({ oldJobCancelled: false, isArmed: false });
    await close();
  });
});

type Gateway = Awaited<ReturnType<typeof setup>>['gateway'];

/** Every method, with what it may answer while Redis does not. */
const METHODS: [string, (gateway: Gateway) => Promise<unknown>, unknown][] = [
  ['rearm', (gateway) => gateway.rearm(aStart(), aStart()), { oldJobCancelled: false, isArmed: false }],
  ['wakeAt', (gateway) => gateway.wakeAt(aStart()), false],
  ['forget', (gateway) => gateway.forget('batch_x.r1'), null],
  ['lookUp', (gateway) => gateway.lookUp('batch_x.r1'), 'unknown'],
  ['listArmed', (gateway) => gateway.listArmed(), null],
  ['isReachable', (gateway) => gateway.isReachable(), false],
  ['isRedisNew', (gateway) => gateway.isRedisNew(), null],
];

async function expectPatience(gateway: Gateway): Promise<void> {
  for (const [name, ask, expected] of METHODS) {
    const from = performance.now();
    expect([name, await ask(gateway)]).toEqual([name, expected]);
    const tookMs = performance.now() - from;
    expect(`${name} ${tookMs < PATIENCE_MS ? 'in time' : `after ${tookMs} ms`}`).toBe(`${name} in time`);
  }
}

async function expectReturn(gateway: Gateway): Promise<void> {
  await eventually(async () => expect(await gateway.wakeAt(aStart())).toBe(true), 5_000);
  expect(await gateway.isReachable()).toBe(true);
  expect(await gateway.forget('batch_x.r1')).toBe(false);
}

const PROXY_FAULTS: [string, (proxy: TcpProxy) => void | Promise<void>][] = [
  ['refused', (proxy) => proxy.refuse()],
  ['swallowed', (proxy) => proxy.blackhole()],
];

describe('with Redis away', () => {
  it.each(PROXY_FAULTS)(
    'every method answers while connections are %s, and works again afterwards',
    async (_name, fail) => {
      const proxy = await TcpProxy.start(REDIS_URL);
      const { gateway, close } = await setup(proxy.url);
      await expectReturn(gateway);

      await fail(proxy);
      await expectPatience(gateway);

      await proxy.heal();
      await expectReturn(gateway);
      await close();
      await proxy.stop();
    },
  );

  it.each(PROXY_FAULTS)('every method answers when connections are %s from the first', async (_name, fail) => {
    const proxy = await TcpProxy.start(REDIS_URL);
    await fail(proxy);
    const { gateway, close } = await setup(proxy.url);

    await expectPatience(gateway);

    await proxy.heal();
    await expectReturn(gateway);
    await close();
    await proxy.stop();
  });

  it('gives up a connection that is half-open, for one that works', async () => {
    const proxy = await TcpProxy.start(REDIS_URL);
    const { gateway, close } = await setup(proxy.url);
    await expectReturn(gateway);

    proxy.halfOpen();
    await expectReturn(gateway);
    await close();
    await proxy.stop();
  });

  it('comes through connections that are reset again and again', async () => {
    const proxy = await TcpProxy.start(REDIS_URL);
    const { gateway, close } = await setup(proxy.url);
    await expectReturn(gateway);

    for (let times = 0; times < 20; times += 1) {
      const asked = METHODS.map(([, ask]) => ask(gateway));
      proxy.reset();
      const from = performance.now();
      await Promise.all(asked);
      expect(performance.now() - from).toBeLessThan(PATIENCE_MS);
    }

    await expectReturn(gateway);
    await close();
    await proxy.stop();
  });

  it('every method answers while Redis is frozen, and works again when it is not', async () => {
    const server = await RedisServer.create();
    const { gateway, close } = await setup(server.url);
    await expectReturn(gateway);

    server.freeze();
    await expectPatience(gateway);

    server.thaw();
    await expectReturn(gateway);
    await close();
    await server.kill();
  });

  it('every method answers after Redis was killed, and works again with an empty one', async () => {
    const server = await RedisServer.create();
    const { gateway, close } = await setup(server.url);
    await expectReturn(gateway);
    expect([await gateway.isRedisNew(), await gateway.isRedisNew()]).toEqual([true, false]);

    await server.kill();
    await expectPatience(gateway);

    await server.start();
    await expectReturn(gateway);
    expect(await gateway.isRedisNew()).toBe(true);
    await close();
    await server.kill();
  });

  it.each([
    ['is not there', (proxy: TcpProxy) => proxy.refuse()],
    ['does not answer', (proxy: TcpProxy) => proxy.blackhole()],
  ])('closing ends soon when Redis %s', async (_name, fail) => {
    const proxy = await TcpProxy.start(REDIS_URL);
    const { gateway, close } = await setup(proxy.url);
    await expectReturn(gateway);
    await fail(proxy);

    const from = performance.now();
    await close();
    expect(performance.now() - from).toBeLessThan(4_000);
    await proxy.stop();
  });
});
