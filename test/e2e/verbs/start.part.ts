import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BATCH_JOB_STATUSES } from '../../../src/batch-jobs/batch-job.status.js';
import { TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('start', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.setNow('2025-02-20T00:00:00Z');
  });
  afterAll(() => app.stop());

  const scheduled = (): Promise<string> => app.create({ scheduledStartTime: '2025-03-01T09:00:00' });
  const start = (id: string, query = ''): Promise<Answer> => app.post(`/batch/jobs/${id}/start${query}`);
  const ledger = (id: string) => app.database.query('select * from batch_job_starts where batch_job_id = $1', [id]);

  describe('POST /batch/jobs/:id/start', () => {
    it('200: starts a scheduled job now and takes its timer away', async () => {
      const id = await scheduled();

      const { status, body } = await start(id);

      expect({ status, body }).toEqual({
        status: 200,
        body: {
          etag: '"1.2"',
          success: true,
          message: 'Cancelled scheduled job, starting immediately',
          batchJobId: id,
          status: 'running',
          contactsEnqueued: 2,
          redisJobCancelled: true,
          startedAt: expect.stringMatching(/^2025-02-20T00:.*Z$/),
        },
      });
      expect((await app.delayed()).has(`${id}.r1`)).toBe(false);
      expect((await app.get(`/batch/jobs/${id}`)).body).toMatchObject({
        status: 'running',
        actualStartTime: body.startedAt,
        scheduledStartTime: '2025-03-01T09:00:00Z',
      });
      expect(await ledger(id)).toMatchObject([{ revision: 1, trigger: 'request' }]);
    });

    it('200: starts a pending job', async () => {
      const id = await app.create();
      expect((await start(id)).body).toMatchObject({
        message: 'Starting immediately',
        status: 'running',
        redisJobCancelled: false,
        contactsEnqueued: 2,
      });
    });

    it('200: says that no timer was cancelled when Redis had lost it', async () => {
      const id = await scheduled();
      await app.loseQueueJob(`${id}.r1`);
      expect((await start(id)).body).toMatchObject({ message: 'Starting immediately', redisJobCancelled: false });
    });

    it.each(['', '{}'])('200: reads no body: %j', async (body) => {
      const init = { body, headers: { 'content-type': 'application/json' } };
      expect(await app.send('POST', `/batch/jobs/${await scheduled()}/start`, init)).toMatchObject({ status: 200 });
    });

    it('400 already_running: a second start changes nothing', async () => {
      const id = await scheduled();
      await start(id);
      const before = await app.everything();

      expect(await start(id)).toMatchObject({
        status: 400,
        body: {
          code: 'already_running',
          detail: "Cannot start job in 'running' status. Only 'scheduled' and 'pending' jobs can be started.",
          currentStatus: 'running',
          allowedStatuses: expect.arrayContaining(['scheduled', 'pending']),
        },
      });
      expect(await app.everything()).toEqual(before);
    });

    it.each(BATCH_JOB_STATUSES.filter((status) => !['pending', 'scheduled', 'running'].includes(status)))(
      '400 invalid_status: refuses a %s job and changes nothing',
      async (status) => {
        const id = await scheduled();
        await app.setStatus(id, status);
        const before = await app.everything();

        expect(await start(id)).toMatchObject({
          status: 400,
          body: {
            code: 'invalid_status',
            detail: `Cannot start job in '${status}' status. Only 'scheduled' and 'pending' jobs can be started.`,
            currentStatus: status,
          },
        });
        expect(await app.everything()).toEqual(before);
      },
    );

    it('400 invalid_request: it has no parameters', async () => {
      expect(await start(await scheduled(), '?now=true')).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ parameter: 'now' }] },
      });
      expect(await start(UNKNOWN_ID, '?constructor=true')).toMatchObject({ status: 400 });
    });

    it('404: an unknown job', async () => {
      expect(await start(UNKNOWN_ID)).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
    });

    it('starts once when asked twice at once', async () => {
      const id = await scheduled();
      const answers = await Promise.all([start(id), start(id), start(id)]);
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400, 400]);
      expect(await ledger(id)).toHaveLength(1);
    });
  });
});
