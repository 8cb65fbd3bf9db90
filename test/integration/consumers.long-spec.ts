/* oxlint-disable jest/no-standalone-expect -- what runs at the same time is reported as tests */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { BatchStartConsumer } from '../../src/calling/batch-start.consumer.js';
import { CallConsumer } from '../../src/calling/call.consumer.js';
import { atTheSameTime } from '../support/at-the-same-time.js';
import { eventually } from '../support/eventually.js';
import { LogLines } from '../support/log-lines.js';
import { RedisServer } from '../support/redis-server.js';
import { contactIn, startBatch } from '../support/running-batch.js';
import { ScriptedDialer } from '../support/scripted-dialer.js';
import { TestApp } from '../support/test-app.js';

// A consumer counts as stopped after 30 s.
const STOPPED_MS = 50_000;

// The sweep needs 5 s and more; what is placed sooner came from the queue.
const BY_THE_QUEUE_MS = 4_000;

const EVERYTHING = ['~*', '&*', '+@all'];

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.create();
});
afterAll(() => redis.kill());

/** A user of Redis as whom one worker comes, with the password `secret`; what it may do is changed by the test. */
async function aUser(...rules: string[]) {
  const name = `user-${randomUUID()}`;
  const set = (...more: string[]) => redis.ask((client) => client.call('ACL', 'SETUSER', name, ...more));
  await set('on', ...rules);
  return { name, set, url: redis.url.replace('redis://', `redis://${name}:secret@`) };
}

async function aWorker(redisUrl: string) {
  const app = await TestApp.start({ consumeQueues: true, dialer: new ScriptedDialer(), settings: { redisUrl } });
  // The test's own look into Redis is not refused.
  app.redis.disconnect();
  Object.assign(app, { redis: new Redis(redis.url) });
  const consumers = [BatchStartConsumer, CallConsumer].map((type) => app.app.get(type, { strict: false }).consumer);
  const become = (isStopped: boolean) =>
    eventually(() => expect(consumers.map((each) => each.isStopped)).toEqual([isStopped, isStopped]), STOPPED_MS);
  return { app, become };
}

/** A batch is called by way of the queue. */
const expectWork = (app: TestApp) =>
  eventually(async () => {
    await contactIn(app, await startBatch(app), 'completed', BY_THE_QUEUE_MS);
  }, 90_000);

/** @param rules of Redis for the worker while it boots */
async function beginsByItself(...rules: string[]): Promise<void> {
  const user = await aUser(...rules);
  const { app, become } = await aWorker(user.url);
  try {
    await become(true);

    await user.set('resetpass', '>secret', ...EVERYTHING);

    await become(false);
    await expectWork(app);
  } finally {
    await app.stop();
  }
}

describe('a consumer', () => {
  atTheSameTime({
    'begins by itself when Redis refused the password while the worker booted, and is mended': () =>
      beginsByItself('>another', ...EVERYTHING),
    'begins by itself when Redis let it do nothing while the worker booted, and is mended': () =>
      beginsByItself('>secret', '~*', 'nocommands'),

    'outlives a password that was changed, with all its connections': async () => {
      const user = await aUser('>secret', ...EVERYTHING);
      const { app, become } = await aWorker(user.url);
      try {
        await expectWork(app);
        await user.set('resetpass', '>another');
        await redis.ask((client) => client.call('CLIENT', 'KILL', 'USER', user.name));
        await become(true);

        await user.set('>secret');
        await become(false);
        await expectWork(app);
      } finally {
        await app.stop();
      }
    },
  });

  it('says once that it cannot fetch, and once that it can', async () => {
    const user = await aUser('>secret', ...EVERYTHING);
    const { app, become } = await aWorker(user.url);
    const log = LogLines.listen();
    try {
      await expectWork(app);
      await user.set('-brpoplpush');
      await become(true);
      expect(log.of('consumer stopped')).toHaveLength(2);

      await user.set('+brpoplpush');
      await become(false);
      expect(log.of('consumer is back')).toHaveLength(2);
      expect(log.of('consumer stopped')).toHaveLength(2);
      await expectWork(app);
    } finally {
      await app.stop();
    }
  });
});
