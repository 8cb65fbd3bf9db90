import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ClaimedCall } from '../../src/batch-jobs/calls.statements.js';
import { CallsGateway } from '../../src/queue/calls.gateway.js';
import { SchedulerGateway } from '../../src/queue/scheduler.gateway.js';
import { CallRows } from '../support/call-rows.js';
import { eventually } from '../support/eventually.js';
import { LogLines } from '../support/log-lines.js';
import { REDIS_REFUSALS } from '../support/redis-refusals.js';
import { RedisServer } from '../support/redis-server.js';
import { contactIn, startBatch } from '../support/running-batch.js';
import { ScriptedDialer } from '../support/scripted-dialer.js';
import { TestApp } from '../support/test-app.js';

const WORDS = Object.keys(REDIS_REFUSALS);
const AN_HOUR_MS = 3_600_000;

let redis: RedisServer;
let api: TestApp;
let calls: CallsGateway;
let starts: SchedulerGateway;
let log: LogLines;
beforeAll(async () => {
  redis = await RedisServer.create();
  api = await TestApp.start({ settings: { redisUrl: redis.url } });
  calls = api.app.get(CallsGateway, { strict: false });
  starts = api.app.get(SchedulerGateway, { strict: false });
  log = LogLines.listen();
});
afterAll(async () => {
  await api.stop();
  await redis.kill();
});
beforeEach(async () => {
  for (const word of WORDS) await mend(word);
  await eventually(async () => {
    if (!(await calls.place([aCall()])) || (await starts.probe()) !== 'up') throw new Error('Redis refuses still');
  }, 90_000);
  log.forget();
});

const aCall = (): ClaimedCall => ({
  callId: `call_${randomUUID()}`,
  organizationId: 'org_a',
  batchJobId: `batch_${randomUUID()}`,
});
const aStart = () => ({
  batchJobId: `batch_${randomUUID()}`,
  revision: 1,
  startsAt: new Date(Date.now() + AN_HOUR_MS),
});
const refuse = (word: string) => redis.ask((client) => REDIS_REFUSALS[word].begin(client));
const mend = (word: string) => redis.ask((client) => REDIS_REFUSALS[word].end(client));
const queueKey = (name: string) => `${api.settings.redisKeyPrefix}:batch-call:${name}`;

describe.each(WORDS)('while Redis answers %s', (word) => {
  it('nothing is said to be in Redis that is not, and the log names it once', async () => {
    const armed = aStart();
    expect(await starts.wakeAt(armed)).toBe(true);
    await refuse(word);

    for (let times = 0; times < 3; times += 1) {
      expect(await calls.place([aCall(), aCall()])).toBe(false);
      expect(await calls.placeAgain([aCall()])).toBe(false);
      await calls.requestDispatchAt('org_a', new Date(Date.now() + AN_HOUR_MS));
      expect(await starts.wakeAt(aStart())).toBe(false);
      expect(await starts.probe()).toBe('refuses_writes');
      expect(await starts.leaveMark('here')).toBe(false);
      expect(await starts.renewAll([aStart()])).toBeNull();
    }
    // What is full may be emptied; the others leave everything as it is, and say so.
    expect(await starts.forget(`${armed.batchJobId}.r1`)).toBe(word === 'OOM' ? true : null);
    // One for each gateway.
    expect(log.of('redis refuses writes')).toEqual([
      { what: 'add', reason: word },
      { what: 'add', reason: word },
    ]);
    expect(log.of('redis is back')).toEqual([]);
    expect(log.of('redis is away')).toEqual([]);

    await mend(word);
    await eventually(async () => {
      expect([await calls.place([aCall()]), await starts.wakeAt(aStart())]).toEqual([true, true]);
      expect(log.of('redis is back')).toHaveLength(2);
    }, 90_000);
  });
});

describe('a worker', () => {
  it.each(WORDS)('places the calls that were claimed while Redis answers %s', async (word) => {
    const dialer = new ScriptedDialer();
    const app = await TestApp.start({ consumeQueues: true, dialer, settings: { redisUrl: redis.url } });
    try {
      await refuse(word);

      const id = await startBatch(app);

      expect(await contactIn(app, id, 'completed', 15_000)).toMatchObject({ attemptCount: 1 });
      expect(await new CallRows(app.database).calls(id)).toHaveLength(1);
    } finally {
      await mend(word);
      await app.stop();
    }
  });
});

describe('a call that should have been placed', () => {
  it('gets another place in the queue when it has lost its own, and else keeps it', async () => {
    const [lost, waiting, inHand] = [aCall(), aCall(), aCall()];
    await calls.place([lost, waiting, inHand]);
    await redis.ask(async (client) => {
      await client.lrem(queueKey('wait'), 0, lost.callId);
      await client.lrem(queueKey('wait'), 0, inHand.callId);
      await client.lpush(queueKey('active'), inHand.callId);
    });

    expect(await calls.place([lost])).toBe(true);
    expect(await calls.placeAgain([lost, waiting, inHand])).toBe(true);

    const places = await redis.ask((client) => client.lrange(queueKey('wait'), 0, -1));
    expect(places.filter((id) => id === lost.callId)).toHaveLength(1);
    expect(places.filter((id) => id === waiting.callId)).toHaveLength(1);
    expect(places).not.toContain(inHand.callId);
  });
});
