import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { AcknowledgedStarts } from '../support/acknowledged-starts.js';
import { Fleet, inMs } from '../support/fleet.js';
import { JobRows } from '../support/job-rows.js';
import { startCluster, startSentinels, type RedisTopology } from '../support/redis-topologies.js';
import { TestDatabase } from '../support/test-database.js';

// docs/reliability.md: without Redis.
const BOUND_MS = 15_000;
const BATCHES = 20;

let testDatabase: TestDatabase;
let database: DataSource;
beforeAll(async () => {
  testDatabase = await TestDatabase.create();
  database = await testDatabase.connect();
});
afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
});

describe.each([
  ['Sentinel', startSentinels],
  ['a cluster of three masters', startCluster],
])('%s', (_name, start) => {
  let redis: RedisTopology;
  let fleet: Fleet;
  beforeAll(async () => {
    redis = await start();
    fleet = await Fleet.start({ databaseUrl: testDatabase.url, redisUrl: redis.url });
  });
  afterAll(async () => {
    await fleet.kill();
    await redis.stop();
  });

  it('wakes workers, and goes on to do so when the master of the queue is lost in the middle of moves', async () => {
    const starts = new AcknowledgedStarts(fleet, new JobRows(database));
    await starts.comePunctually();
    const ids: string[] = [];
    while (ids.length < BATCHES) ids.push(...[await starts.create(inMs(3_600_000))].filter((id) => id !== null));
    expect(await fleet.send('GET', '/health')).toMatchObject({ body: { status: 'ok' } });

    const failing = redis.failOver();
    for (const [at, id] of ids.entries()) expect(await starts.move(id, inMs(3_000 + 500 * at))).toBe(200);
    await failing;

    await starts.areKept(BOUND_MS);
    await starts.comePunctually();
    expect([...starts.statuses]).toEqual([200]);
    for (const each of [...fleet.apis, ...fleet.workers]) expect(await each.end('SIGTERM')).toBe(0);
  });
});
