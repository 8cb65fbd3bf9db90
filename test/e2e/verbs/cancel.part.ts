import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('cancel', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.setNow('2025-02-20T00:00:00Z');
  });
  afterAll(() => app.stop());

  const scheduled = (): Promise<string> => app.create({ scheduledStartTime: '2025-03-01T09:00:00' });
  const cancel = (id: string, query = ''): Promise<Answer> => app.post(`/batch/jobs/${id}/cancel${query}`);

  describe('POST /batch/jobs/:id/cancel', () => {
    it('200: cancels a scheduled job, its timer and its contacts', async () => {
      const id = await scheduled();

      const { status, body } = await cancel(id);

      expect({ status, body }).toEqual({
        status: 200,
        body: {
          etag: '"1.2"',
          success: true,
          message: 'Scheduled job cancelled successfully',
          batchJobId: id,
          redisJobCancelled: true,
          contactsCancelled: 2,
        },
      });
      expect((await app.delayed()).has(`${id}.r1`)).toBe(false);
      const after = await app.get(`/batch/jobs/${id}`);
      expect(after.body).toMatchObject({
        status: 'cancelled',
        completedAt: expect.stringMatching(/Z$/),
        contactsProcessed: 2,
        successfulCalls: 0,
        failedCalls: 0,
        contacts: [
          { status: 'cancelled', completedAt: expect.stringMatching(/Z$/) },
          { status: 'cancelled', completedAt: expect.stringMatching(/Z$/) },
        ],
      });
    });

    it('200: cancels a pending job', async () => {
      expect((await cancel(await app.create())).body).toMatchObject({
        message: 'Pending job cancelled successfully',
        redisJobCancelled: false,
        contactsCancelled: 2,
      });
    });

    it.each(['running', 'paused'] as const)('200: cancels what is left of a %s job', async (status) => {
      const id = await scheduled();
      await app.setStatus(id, status);
      await app.setContactStatus(id, 1, 'completed');
      expect((await cancel(id)).body).toMatchObject({
        message: 'Job was already running - cancelled remaining contacts',
        contactsCancelled: 1,
      });
    });

    it('200: leaves calls in progress and ended contacts as they are', async () => {
      const id = await scheduled();
      await app.setStatus(id, 'running');
      await app.setContactStatus(id, 1, 'dialing');
      await app.setContactStatus(id, 2, 'no_answer');
      expect((await cancel(id)).body.contactsCancelled).toBe(0);
      const { body } = await app.get(`/batch/jobs/${id}`);
      expect(body.contacts).toMatchObject([{ status: 'dialing' }, { status: 'no_answer' }]);
    });

    it.each(['completed', 'failed', 'cancelled'] as const)(
      '400 already_terminal: refuses a %s job and changes nothing',
      async (status) => {
        const id = await scheduled();
        await app.setStatus(id, status);
        const before = await app.everything();

        expect(await cancel(id)).toMatchObject({
          status: 400,
          body: {
            code: 'already_terminal',
            detail: `Cannot cancel job in '${status}' status`,
            currentStatus: status,
          },
        });
        expect(await app.everything()).toEqual(before);
      },
    );

    it('400 invalid_request: it has no parameters', async () => {
      expect(await cancel(await scheduled(), '?force=true')).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ parameter: 'force' }] },
      });
    });

    it('404: an unknown job', async () => {
      expect(await cancel(UNKNOWN_ID)).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
    });

    it('cancels once when asked twice at once', async () => {
      const id = await scheduled();
      const answers = await Promise.all([cancel(id), cancel(id)]);
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400]);
    });

    it('a cancelled job cannot be moved or started any more', async () => {
      const id = await scheduled();
      await cancel(id);
      expect((await app.reschedule(id, { scheduledStartTime: '2025-03-02T09:00:00' })).body).toMatchObject({
        code: 'invalid_status',
        currentStatus: 'cancelled',
      });
      expect((await app.post(`/batch/jobs/${id}/start`)).body.code).toBe('invalid_status');
    });
  });
});
