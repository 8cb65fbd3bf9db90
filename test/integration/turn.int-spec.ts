import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Queue } from 'bull';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { Turn, type TurnTimes } from '../../src/queue/turn.js';
import { PatientRedis } from '../../src/shared/patient-redis.js';
import { eventually } from '../support/eventually.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const REDIS_URL = process.env.TEST_REDIS_URL ?? '';
const LONG: TurnTimes = { turnMs: 60_000, mostMs: 60_000 };

let client: Redis;
beforeAll(async () => {
  client = new Redis(REDIS_URL);
  // Who asks while it connects has a turn of its own when that takes long, as without Redis.
  await client.ping();
});
afterAll(() => client.disconnect());

/** Workers that share one piece of work. */
function workers(times = LONG, redis = client) {
  const prefix = `test-${randomUUID()}`;
  const queue = { client: redis, toKey: (name: string) => `${prefix}:${name}` } as unknown as Queue;
  const worker = () => new Turn(queue, new PatientRedis(new Logger()), 'work', times);
  return { worker, key: `${prefix}:turn:work` };
}

describe('a turn', () => {
  it('is had by one of many who ask at one time, and by nobody else until it is over', async () => {
    const { worker, key } = workers();
    const all = Array.from({ length: 10 }, worker);

    expect((await Promise.all(all.map((each) => each.take()))).filter(Boolean)).toHaveLength(1);
    expect((await Promise.all(all.map((each) => each.take()))).filter(Boolean)).toHaveLength(0);

    await client.del(key);
    expect(await all[0].take()).toBe(true);
  });

  it('goes to another before it is over, when it nearly is', async () => {
    const { worker, key } = workers();
    const [one, other] = [worker(), worker()];
    await one.take();
    await client.pexpire(key, 13_000);
    expect(await other.take()).toBe(false);

    await client.pexpire(key, 11_000);
    expect([await one.take(), await other.take()]).toEqual([false, true]);
    expect(await client.pttl(key)).toBeGreaterThan(50_000);
  });

  it('is kept by who has more to do', async () => {
    const { worker, key } = workers();
    const [one, other] = [worker(), worker()];
    await one.take();
    one.keep();
    await client.pexpire(key, 20_000);

    expect([await other.take(), await one.take()]).toEqual([false, true]);
    expect(await client.pttl(key)).toBeGreaterThan(50_000);
    expect(await one.take()).toBe(false);
  });

  it('is free at once when it is given back, and when Redis has lost its data', async () => {
    const { worker, key } = workers();
    const [one, other] = [worker(), worker()];
    await one.take();
    await one.giveBack();
    expect(await other.take()).toBe(true);
    await client.del(key);
    expect(await one.take()).toBe(true);
  });

  it('that was taken without an answer is not waited for by who has it', async () => {
    const proxy = await TcpProxy.start(REDIS_URL);
    const far = new Redis(proxy.url);
    const { worker } = workers(LONG, far);
    const [one, other] = [worker(), worker()];
    await far.ping();
    // Longer than it is waited for.
    proxy.delay(600);
    expect(await one.take()).toBe(true);
    await proxy.heal();
    await far.ping();

    expect([await other.take(), await one.take(), await one.take()]).toEqual([false, true, false]);
    far.disconnect();
    await proxy.stop();
  });

  it('ends by itself: that of a worker that died is another one’s', async () => {
    const { worker } = workers({ turnMs: 50, mostMs: 60_000 });
    await worker().take();
    const other = worker();
    await eventually(async () => expect(await other.take()).toBe(true));
  });

  it('that would last longer than any is over: the clock of Redis was set back', async () => {
    const { worker, key } = workers();
    const [one, other] = [worker(), worker()];
    await one.take();
    await client.pexpire(key, 600_000);
    expect(await other.take()).toBe(true);
    await client.persist(key);
    expect(await one.take()).toBe(true);
  });

  it('is not waited for without end, whatever Redis says', async () => {
    const { worker } = workers({ turnMs: 600_000, mostMs: 100 });
    await worker().take();
    const other = worker();
    expect(await other.take()).toBe(false);
    await eventually(async () => expect(await other.take()).toBe(true));
    expect(await other.take()).toBe(false);
  });

  it('is had by everybody while Redis does not answer', async () => {
    const dead = new Redis({ port: 1, lazyConnect: true, enableOfflineQueue: false, retryStrategy: () => null });
    dead.on('error', () => undefined);
    const queue = { client: dead, toKey: (name: string) => name } as unknown as Queue;
    const all = [1, 2].map(() => new Turn(queue, new PatientRedis(new Logger()), 'work', LONG));
    expect(await Promise.all(all.map((each) => each.take()))).toEqual([true, true]);
    dead.disconnect();
  });
});
