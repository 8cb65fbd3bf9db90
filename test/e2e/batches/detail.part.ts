import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CONTACT_STATUSES } from '../../../src/batch-jobs/contact.status.js';
import { contacts, TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('detail', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const NOW = '2025-02-20T00:00:00Z';
  const made = async (count: number): Promise<string> => {
    await app.setNow(NOW);
    return app.create({ contacts: contacts(count) });
  };
  const detail = (id: string, query = ''): Promise<Answer> => app.get(`/batch/jobs/${id}${query}`);
  const numbersOf = ({ body }: Answer): string[] =>
    body.contacts.map(({ phoneNumber }: { phoneNumber: string }) => phoneNumber);
  const total = (breakdown: Record<string, number>): number => Object.values(breakdown).reduce((sum, n) => sum + n, 0);

  describe('GET /batch/jobs/:id', () => {
    describe('200', () => {
      it('shows the job as the list does, and its contacts as they were uploaded', async () => {
        const id = await made(2);
        const { status, body } = await detail(id);
        const [item] = (await app.get('/batch/jobs?pageSize=1')).body.batchJobs;

        expect({ status, body }).toEqual({
          status: 200,
          body: {
            ...item,
            id,
            statusBreakdown: { ...Object.fromEntries(CONTACT_STATUSES.map((each) => [each, 0])), pending: 2 },
            estimatedCompletionTime: null,
            callHold: null,
            contacts: [
              {
                id: expect.stringMatching(/^contact_[0-9A-Z]{26}$/),
                phoneNumber: '+12025550000',
                contactData: { phone: '+12025550000' },
                status: 'pending',
                errorCode: null,
                attemptCount: 0,
                maxAttempts: 3,
                lastAttemptAt: null,
                nextRetryAt: null,
                completedAt: null,
                roomName: null,
                failureReason: null,
                callDuration: null,
              },
              expect.objectContaining({ phoneNumber: '+12025550001' }),
            ],
            contactsTotal: 2,
            contactsPage: 1,
            contactsPageSize: 50,
            contactsHasMore: false,
          },
        });
      });

      it.each([
        [{}, null],
        [
          { scheduledStartTime: '2025-03-01T10:00:00', timezone: 'america/new_york' },
          '2025-03-01T10:00:00-05:00[America/New_York]',
        ],
        [
          { scheduledStartTime: '2025-03-01T15:00:00Z', timezone: 'America/New_York' },
          '2025-03-01T10:00:00-05:00[America/New_York]',
        ],
        [{ scheduledStartTime: '2025-03-01T15:00:00Z' }, '2025-03-01T15:00:00+00:00[UTC]'],
      ])('shows the start of %j on a clock in its zone: %s', async (fields, expected) => {
        await app.setNow('2025-02-20T00:00:00Z');
        expect((await detail(await app.create(fields))).body).toMatchObject({ localStartTime: expected });
      });

      it('shows a job whose zone the data do not have', async () => {
        await app.setNow('2025-02-20T00:00:00Z');
        const id = await app.create({ scheduledStartTime: '2025-03-01T10:00:00', timezone: 'America/New_York' });
        await app.database.query(`update batch_jobs set timezone = 'Mars/Olympus' where id = $1`, [id]);

        expect(await detail(id)).toMatchObject({
          status: 200,
          body: { timezone: 'Mars/Olympus', localStartTime: null },
        });
      });

      it('shows what became of a contact, times in UTC', async () => {
        const id = await made(1);
        await app.database.query(
          `update contacts set status = 'queued', attempt_count = 2, error_code = 'sip_486', failure_reason = 'busy here',
                room_name = 'room 1', call_duration_seconds = 12, last_attempt_at = '2025-02-20T05:00:00+05:00',
                next_retry_at = '2025-02-20T00:05:00.250Z' where batch_job_id = $1`,
          [id],
        );
        expect((await detail(id)).body.contacts[0]).toMatchObject({
          status: 'queued',
          errorCode: 'sip_486',
          attemptCount: 2,
          lastAttemptAt: '2025-02-20T00:00:00Z',
          nextRetryAt: '2025-02-20T00:05:00.250Z',
          roomName: 'room 1',
          failureReason: 'busy here',
          callDuration: 12,
        });
      });

      it('pages the contacts in the order of the list', async () => {
        const id = await made(7);
        const all = contacts(7).map(({ phone }) => phone);
        const pages = [1, 2, 3, 4].map((page) => detail(id, `?contactsPageSize=3&contactsPage=${page}`));
        const read = await Promise.all(pages);
        expect(read.map(numbersOf)).toEqual([all.slice(0, 3), all.slice(3, 6), all.slice(6), []]);
        expect(read.map(({ body }) => body.contactsHasMore)).toEqual([true, true, false, false]);
        expect(read.map(({ body }) => body.contactsTotal)).toEqual([7, 7, 7, 7]);
        expect(read[1]?.body).toMatchObject({ contactsPage: 2, contactsPageSize: 3 });
      });

      it('shows fifty contacts unless asked for more, and five hundred at most', async () => {
        const id = await made(501);
        expect((await detail(id)).body.contacts).toHaveLength(50);
        const { body } = await detail(id, '?contactsPageSize=500');
        expect(body.contacts).toHaveLength(500);
        expect(body.contactsHasMore).toBe(true);
      });

      it('filters the contacts, and counts those that pass', async () => {
        const id = await made(6);
        for (const position of [2, 4, 6]) await app.setContactStatus(id, position, 'busy');
        const answer = await detail(id, '?contactStatus=busy&contactsPageSize=2');
        expect(numbersOf(answer)).toEqual(['+12025550001', '+12025550003']);
        expect(answer.body).toMatchObject({ contactsTotal: 3, contactsHasMore: true, totalContacts: 6 });
        expect((await detail(id, '?contactStatus=timeout')).body).toMatchObject({ contacts: [], contactsTotal: 0 });
      });

      it('counts each contact in one status, and the counters add up', async () => {
        const id = await made(CONTACT_STATUSES.length);
        for (const [at, status] of CONTACT_STATUSES.entries()) await app.setContactStatus(id, at + 1, status);

        const { body } = await detail(id);

        expect(body.statusBreakdown).toEqual(Object.fromEntries(CONTACT_STATUSES.map((status) => [status, 1])));
        expect(total(body.statusBreakdown)).toBe(body.totalContacts);
        // Waiting: pending, queued, dialing. Ended without an answer: all but completed and cancelled.
        expect(body).toMatchObject({ contactsProcessed: 9, successfulCalls: 1, failedCalls: 7 });
      });

      it('goes on adding up after a cancel', async () => {
        const id = await made(6);
        await app.setStatus(id, 'running');
        for (const [at, status] of (['completed', 'busy', 'dialing', 'queued'] as const).entries())
          await app.setContactStatus(id, at + 1, status);

        const cancelled = await app.post(`/batch/jobs/${id}/cancel`);
        const { body } = await detail(id);

        expect(cancelled.body.contactsCancelled).toBe(3);
        expect(body.statusBreakdown).toMatchObject({ completed: 1, busy: 1, dialing: 1, cancelled: 3, pending: 0 });
        expect(body).toMatchObject({ contactsProcessed: 5, successfulCalls: 1, failedCalls: 1, totalContacts: 6 });
        expect(total(body.statusBreakdown)).toBe(6);
      });

      it('says when a running job was started and an ended one ended', async () => {
        const id = await made(1);
        await app.setStatus(id, 'running');
        await app.database.query(
          `update batch_jobs set status = 'completed', started_at = '2025-02-20T01:00:00Z',
                completed_at = '2025-02-20T02:00:00.5Z' where id = $1`,
          [id],
        );
        expect((await detail(id)).body).toMatchObject({
          status: 'completed',
          actualStartTime: '2025-02-20T01:00:00Z',
          completedAt: '2025-02-20T02:00:00.500Z',
        });
      });
    });

    describe('estimatedCompletionTime', () => {
      it('is now and, for each contact left, what one took until now', async () => {
        const id = await made(10);
        await app.database.query(
          `update batch_jobs set status = 'running', started_at = '2025-02-20T00:00:00Z' where id = $1`,
          [id],
        );
        for (const position of [1, 2, 3, 4]) await app.setContactStatus(id, position, 'completed');
        await app.setNow('2025-02-20T01:00:00Z');

        const { body } = await detail(id);

        // An hour for four: six more take an hour and a half from now, and not from the start.
        const differenceMs = Date.parse(body.estimatedCompletionTime as string) - Date.parse('2025-02-20T02:30:00Z');
        expect(differenceMs).toBeGreaterThanOrEqual(0);
        expect(differenceMs).toBeLessThan(60_000);
        expect(body.estimatedCompletionTime).toMatch(/Z$/);
      });

      it('never lies before the next retry, and does not count a pause', async () => {
        const id = await made(10);
        await app.database.query(
          `update batch_jobs set status = 'running', started_at = '2025-02-20T00:00:00Z' where id = $1`,
          [id],
        );
        for (const position of [1, 2, 3, 4, 5, 6, 7, 8]) await app.setContactStatus(id, position, 'completed');
        await app.database.query(
          `insert into batch_job_history (batch_job_id, organization_id, action, actor, after, occurred_at)
         values ($1, 'org_a', 'paused', 'key_a', '{}', '2025-02-20T00:05:00Z'),
                ($1, 'org_a', 'resumed', 'key_a', '{}', '2025-02-20T00:45:00Z')`,
          [id],
        );
        await app.setNow('2025-02-20T00:48:00Z');
        const minutesLeft = async (): Promise<number> => {
          const { body } = await detail(id);
          return Math.round(
            (Date.parse(body.estimatedCompletionTime as string) - Date.parse('2025-02-20T00:48:00Z')) / 60_000,
          );
        };

        // Eight in the eight minutes without the pause: two more take two.
        expect(await minutesLeft()).toBe(2);

        await app.database.query(
          `update contacts set status = 'queued', attempt_count = 2, next_retry_at = '2025-02-20T01:18:00Z'
          where batch_job_id = $1 and position = 10`,
          [id],
        );
        // The retry is due in 30 minutes, and takes the two of the settings.
        expect(await minutesLeft()).toBe(32);
      });

      it('is null while nothing is processed', async () => {
        const id = await made(2);
        await app.setStatus(id, 'running');
        await app.setContactStatus(id, 1, 'dialing');
        expect((await detail(id)).body.estimatedCompletionTime).toBeNull();
      });

      it.each(['pending', 'scheduled', 'paused', 'completed', 'failed', 'cancelled'] as const)(
        'is null while the job is %s',
        async (status) => {
          await app.setNow(NOW);
          const id = await app.create({ scheduledStartTime: '2025-03-01T09:00:00' });
          await app.setStatus(id, status);
          await app.setContactStatus(id, 1, 'completed');
          expect((await detail(id)).body).toMatchObject({ status, estimatedCompletionTime: null });
        },
      );
    });

    describe('400', () => {
      it.each([
        ['contactStatus=answered', 'invalid_contact_status', 'contactStatus'],
        ['contactStatus=', 'invalid_contact_status', 'contactStatus'],
        ['contactStatus=running', 'invalid_contact_status', 'contactStatus'],
        ['contactsPage=0', 'invalid_page', 'contactsPage'],
        ['contactsPage=x', 'invalid_page', 'contactsPage'],
        ['contactsPageSize=0', 'invalid_page_size', 'contactsPageSize'],
        ['contactsPageSize=501', 'invalid_page_size', 'contactsPageSize'],
        ['page=1', 'invalid_request', 'page'],
        ['contactsPage=1&contactsPage=2', 'invalid_request', 'contactsPage'],
      ])('%s: %s, also for a job that is unknown', async (query, code, parameter) => {
        for (const id of [await made(1), UNKNOWN_ID]) {
          const { status, body } = await detail(id, `?${query}`);
          expect({ status, body }).toMatchObject({ status: 400, body: { code, errors: [{ parameter }] } });
        }
      });
    });

    it('404: an unknown job', async () => {
      expect(await detail(UNKNOWN_ID)).toMatchObject({
        status: 404,
        body: { code: 'job_not_found', detail: 'Batch job not found' },
      });
    });
  });
});
