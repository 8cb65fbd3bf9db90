import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Heartbeats } from '../../../src/shared/heartbeats.js';
import { Metrics } from '../../../src/shared/metrics.js';
import { CallRows } from '../../support/call-rows.js';
import { eventually } from '../../support/eventually.js';
import { LogLines } from '../../support/log-lines.js';
import { bootWorker } from '../../support/other-worker.js';
import { ReadOnlyDatabase } from '../../support/read-only-database.js';
import { REDIS_REFUSALS } from '../../support/redis-refusals.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestApp } from '../../support/test-app.js';

describe('health', () => {
  let redis: RedisServer;
  let app: TestApp;
  beforeAll(async () => {
    redis = await RedisServer.create();
    app = await TestApp.start({ settings: { redisUrl: redis.url } });
  });
  afterAll(async () => {
    await app.stop();
    await redis.kill();
  });

  /** An answer is shared for a second, and a refusal counts for some more. */
  const health = (expected: object) =>
    eventually(async () => expect(await app.get('/health', null)).toMatchObject(expected));

  /** A worker that says so of itself. */
  const aBeat = (stoppedConsumers: string[], stalledLoops: string[], ageSeconds = 0) =>
    app.database.query(
      `insert into worker_heartbeats (worker_id, started_at, beat_at, stopped_consumers, stalled_loops)
     select 'w' || count(*), clock_timestamp(), clock_timestamp() - make_interval(secs => $3), $1, $2
       from worker_heartbeats`,
      [stoppedConsumers, stalledLoops, ageSeconds],
    );

  describe('GET /health', () => {
    it('is degraded without a worker, ok with one, and degraded again when it has ended', async () => {
      const alone = { status: 200, body: { status: 'degraded', problems: ['no_worker_alive'], workersAlive: 0 } };
      await health(alone);

      const worker = await bootWorker(app, { log: new LogLines() });
      await health({
        status: 200,
        body: {
          status: 'ok',
          problems: [],
          postgres: 'up',
          redis: 'up',
          workersAlive: 1,
          stoppedConsumers: [],
          stalledLoops: [],
          oldestUnplacedCallSeconds: null,
          oldestOverdueStartSeconds: null,
        },
      });
      const text = await worker.get(Metrics, { strict: false }).text();
      for (const line of [
        /^batch_jobs_consumer_up\{queue="batch-start"\} 1$/m,
        /^batch_jobs_consumer_up\{queue="batch-call"\} 1$/m,
        /^batch_jobs_worker_heartbeat_timestamp_seconds 1\d{9}/m,
        /^batch_jobs_oldest_unplaced_call_seconds 0$/m,
      ]) {
        expect(text).toMatch(line);
      }
      const loops = [...text.matchAll(/^batch_jobs_loop_last_round_timestamp_seconds\{loop="(\w+)"\} 1\d{9}/gm)];
      expect(loops.map(([, loop]) => loop).toSorted()).toEqual([
        'call_sweep',
        'count_upkeep',
        'heartbeat',
        'idempotency_upkeep',
        'reconciliation',
        'retention',
        'schedule_sweep',
        'time_rules',
      ]);

      await worker.close();
      await health(alone);
    });

    it('tells what workers say of themselves, and counts nobody who is silent', async () => {
      await aBeat(['batch-call'], []);
      await aBeat(['batch-call'], ['call_sweep']);
      await aBeat(['batch-start'], ['time_rules'], 25);
      await health({
        body: {
          status: 'degraded',
          problems: ['consumer_stopped', 'loop_stalled'],
          workersAlive: 2,
          stoppedConsumers: ['batch-call'],
          stalledLoops: ['call_sweep'],
        },
      });
      // Whoever beats forgets those that are gone.
      await aBeat([], [], 90);
      await app.app.get(Heartbeats, { strict: false }).beat('w5', [], []);
      const rows = await app.database.query<{ id: string }[]>(
        'select worker_id as id from worker_heartbeats order by 1',
      );
      expect(rows.map(({ id }) => id)).toEqual(['w0', 'w1', 'w2', 'w5']);
      await app.database.query('delete from worker_heartbeats');
    });

    it('tells of calls that nobody places, and of starts that nobody makes', async () => {
      await aBeat([], []);
      const rows = new CallRows(app.database);
      const id = await rows.addCallable({ contacts: 1 });
      await app.database.query(
        `insert into call_attempts (id, organization_id, batch_job_id, contact_id, attempt, claimed_at)
       values ('call_late', 'org_a', $1, 'contact_' || $1 || '.1', 1, clock_timestamp() - interval '90 seconds')`,
        [id],
      );
      await rows.add({ startsInMs: -20_000 });

      await health({ body: { status: 'degraded', problems: ['calls_not_placed', 'starts_overdue'] } });

      const { body } = await app.get('/health', null);
      expect(body.oldestUnplacedCallSeconds).toBeGreaterThan(89);
      expect(body.oldestOverdueStartSeconds).toBeGreaterThan(19);
      await app.database.query('truncate batch_jobs, call_attempts, worker_heartbeats cascade');
    });

    it('is degraded when Redis answers and takes no change', async () => {
      await redis.ask((client) => REDIS_REFUSALS.OOM.begin(client));
      await health({ status: 200, body: { status: 'degraded', redis: 'refuses_writes', postgres: 'up' } });
      expect((await app.get('/health', null)).body.problems).toContain('redis_refuses_writes');
      await redis.ask((client) => REDIS_REFUSALS.OOM.end(client));
      await health({ body: { redis: 'up' } });
    });

    it('is unavailable when PostgreSQL answers and takes no change', async () => {
      const failover = new ReadOnlyDatabase(app.settings.databaseUrl);
      await failover.begin();
      await health({
        status: 503,
        body: { status: 'unavailable', postgres: 'refuses_writes', problems: ['postgres_refuses_writes'] },
      });
      expect((await app.get('/batch/jobs')).status).toBe(200);
      await failover.end();
      await health({ body: { postgres: 'up' } });
    });
  });
});
