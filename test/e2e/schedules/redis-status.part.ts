import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BATCH_JOB_STATUSES } from '../../../src/batch-jobs/batch-job.status.js';
import { TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('redis status', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.setNow('2025-02-20T00:00:00Z');
  });
  afterAll(() => app.stop());

  const scheduled = (): Promise<string> => app.create({ scheduledStartTime: '2025-03-01T09:00:00' });
  const look = (id: string, query = ''): Promise<Answer> => app.get(`/batch/jobs/${id}/redis-status${query}`);

  describe('GET /batch/jobs/:id/redis-status', () => {
    it('200: agrees with the row of a scheduled job', async () => {
      const id = await scheduled();
      const { status, body } = await look(id);
      expect({ status, body }).toEqual({
        status: 200,
        body: {
          batchJobId: id,
          databaseStatus: 'scheduled',
          scheduledJobId: `${id}.r1`,
          scheduledStartTime: '2025-03-01T09:00:00Z',
          redisJobInfo: {
            job_id: `${id}.r1`,
            in_defer_queue: true,
            job_metadata_exists: true,
            scheduled_time: '2025-03-01T09:00:00+00:00',
            state: 'armed',
            note: expect.any(String),
          },
        },
      });
    });

    it('200: names the queue job of the last reschedule', async () => {
      const id = await scheduled();
      const moved = await app.reschedule(id, {
        scheduledStartTime: '2025-03-01T10:00:00.250',
        timezone: 'Asia/Karachi',
      });
      const { body } = await look(id);
      expect(body.scheduledJobId).toBe(moved.body.newScheduledJobId);
      expect(body.redisJobInfo).toMatchObject({
        job_id: moved.body.newScheduledJobId,
        in_defer_queue: true,
        scheduled_time: '2025-03-01T05:00:00.250+00:00',
      });
    });

    it.each(BATCH_JOB_STATUSES.filter((status) => status !== 'scheduled'))(
      '200: has no queue job for a %s job',
      async (status) => {
        const id = await scheduled();
        await app.setStatus(id, status);
        expect((await look(id)).body).toMatchObject({
          databaseStatus: status,
          scheduledJobId: null,
          redisJobInfo: null,
        });
      },
    );

    it('200: tells that Redis has lost the timer', async () => {
      const id = await scheduled();
      await app.loseQueueJob(`${id}.r1`);
      expect((await look(id)).body).toMatchObject({
        scheduledJobId: `${id}.r1`,
        redisJobInfo: {
          in_defer_queue: false,
          job_metadata_exists: false,
          scheduled_time: null,
          state: 'missing',
          note: expect.any(String),
        },
      });
    });

    it('200: reads the time from Redis, not from the row', async () => {
      const id = await scheduled();
      const agreeing = (await look(id)).body.redisJobInfo.note as string;
      await app.database.query(`update batch_jobs set starts_at = '2025-03-05T00:00:00Z' where id = $1`, [id]);
      const { body } = await look(id);
      expect(body).toMatchObject({
        scheduledStartTime: '2025-03-05T00:00:00Z',
        redisJobInfo: { scheduled_time: '2025-03-01T09:00:00+00:00', state: 'differs' },
      });
      expect(body.redisJobInfo.note).not.toBe(agreeing);
    });

    it('200: a queue job that is no longer delayed is not in the defer queue', async () => {
      const id = await scheduled();
      await app.redis.zrem(`${app.settings.redisKeyPrefix}:batch-start:delayed`, `${id}.r1`);
      expect((await look(id)).body.redisJobInfo).toMatchObject({
        in_defer_queue: false,
        job_metadata_exists: true,
        state: 'missing',
      });
    });

    it('200: the timer of a start that is due has fired, whether its record is left or not', async () => {
      const id = await scheduled();
      await app.database.query(`update batch_jobs set starts_at = '2025-02-20T00:00:00Z' where id = $1`, [id]);
      await app.redis.zrem(`${app.settings.redisKeyPrefix}:batch-start:delayed`, `${id}.r1`);
      const fired = (await look(id)).body.redisJobInfo;
      expect(fired).toMatchObject({ in_defer_queue: false, job_metadata_exists: true, state: 'fired' });
      await app.loseQueueJob(`${id}.r1`);
      expect((await look(id)).body.redisJobInfo).toMatchObject({ job_metadata_exists: false, state: 'fired' });
    });

    it('changes nothing', async () => {
      const id = await scheduled();
      await app.loseQueueJob(`${id}.r1`);
      const before = await app.everything();
      await look(id);
      expect(await app.everything()).toEqual(before);
    });

    it('400 invalid_request: it has no parameters', async () => {
      expect(await look(await scheduled(), '?verbose=1')).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ parameter: 'verbose' }] },
      });
    });

    it('404: an unknown job', async () => {
      expect(await look(UNKNOWN_ID)).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
    });
  });
});
