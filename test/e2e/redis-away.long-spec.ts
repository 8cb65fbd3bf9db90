import { describe, expect, it } from '@jest/globals';
import { RedisServer } from '../support/redis-server.js';
import { waiting } from '../support/soon.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestApp, type Answer } from '../support/test-app.js';

describe('redis away', () => {
  // The promised 500 ms, and PostgreSQL. A second wait for Redis in the same request would not fit in.
  const PATIENCE_MS = 950;

  const START = '2027-03-01T15:00:00Z';

  interface Away {
    readonly redis: RedisServer;
    /** The way of the service to it. */
    readonly proxy: TcpProxy;
  }

  interface Service {
    readonly app: TestApp;
    /** A scheduled job whose timer is armed. */
    readonly id: string;
    readonly admin: string;
  }

  const FAULTS: Record<string, { fail: (on: Away) => void | Promise<void>; heal: (on: Away) => void | Promise<void> }> =
    {
      killed: { fail: ({ redis }) => redis.kill(), heal: ({ redis }) => redis.start() },
      frozen: { fail: ({ redis }) => redis.freeze(), heal: ({ redis }) => redis.thaw() },
      'black-holed': { fail: ({ proxy }) => proxy.blackhole(), heal: ({ proxy }) => proxy.heal() },
    };

  async function prepare(app: TestApp): Promise<Service> {
    await app.setNow('2027-02-20T00:00:00Z');
    const id = await app.create({ scheduledStartTime: START });
    expect((await app.get(`/batch/jobs/${id}/redis-status`)).body.redisJobInfo.state).toBe('armed');
    return { app, id, admin: await app.keyWith(['admin']) };
  }

  /** The answer to a request, which must not have waited for Redis twice. */
  async function inTime(request: () => Promise<Answer>): Promise<Answer> {
    const { answer, waitedMs } = await waiting(request);
    expect(waitedMs < PATIENCE_MS ? 'in time' : `after ${waitedMs} ms`).toBe('in time');
    if (process.env.TELL_LATENESS) process.stderr.write(`${Math.round(waitedMs)} ms\n`);
    return answer;
  }

  describe.each(Object.entries(FAULTS))('with Redis %s', (_name, { fail, heal }) => {
    /** Asks a service of its own, that has not met the fault yet: what an earlier request learned does not help it. */
    async function first(ask: (service: Service) => Promise<void>): Promise<void> {
      const redis = await RedisServer.create();
      const away = { redis, proxy: await TcpProxy.start(redis.url) };
      const app = await TestApp.start({ settings: { redisUrl: away.proxy.url } });
      try {
        const service = await prepare(app);
        await fail(away);
        await ask(service);
      } finally {
        await heal(away);
        await app.stop();
        await away.proxy.stop();
        await redis.kill();
      }
    }

    it('redis-status says unknown within 500 ms, the rate limit included, and again with each request', async () => {
      await first(async ({ app, id }) => {
        for (let times = 0; times < 8; times += 1) {
          const { status, body } = await inTime(() => app.get(`/batch/jobs/${id}/redis-status`));
          expect({ status, body }).toMatchObject({
            status: 200,
            body: {
              databaseStatus: 'scheduled',
              scheduledJobId: `${id}.r1`,
              scheduledStartTime: START,
              redisJobInfo: {
                job_id: `${id}.r1`,
                in_defer_queue: null,
                job_metadata_exists: null,
                scheduled_time: null,
                state: 'unknown',
                note: 'Redis does not answer; the start is kept in the database.',
              },
            },
          });
        }
      });
    });

    it('a move is committed and answered within 500 ms', async () => {
      await first(async ({ app, id }) => {
        const moved = await inTime(() => app.reschedule(id, { scheduledStartTime: '2027-03-02T15:00:00Z' }));
        expect(moved).toMatchObject({ status: 200, body: { oldJobCancelled: false, scheduleRevision: 2 } });
        expect(moved.body.warnings).toHaveLength(1);
      });
    });

    it('consistency says unknown within 500 ms', async () => {
      await first(async ({ app, admin }) => {
        const { status, body } = await inTime(() => app.get('/admin/consistency', admin));
        expect({ status, body }).toMatchObject({ status: 200, body: { status: 'unknown', timers: null } });
      });
    });

    it('a repair is refused, and says that nothing is lost', async () => {
      await first(async ({ app, admin }) => {
        const refused = await app.post('/admin/consistency/repair', undefined, admin);
        expect(refused).toMatchObject({ status: 503, body: { code: 'redis_unavailable', success: false } });
        expect(refused.headers.get('retry-after')).toBe('5');
        expect(refused.body.detail).toContain('No start is lost');
      });
    });
  });
});
