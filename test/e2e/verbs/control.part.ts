import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('control', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.setNow('2025-02-20T00:00:00Z');
  });
  afterAll(() => app.stop());

  const START = { scheduledStartTime: '2025-03-01T09:00:00' };

  async function running(): Promise<string> {
    const id = await app.create();
    await app.post(`/batch/jobs/${id}/start`);
    return id;
  }

  async function inStatus(status: Parameters<TestApp['setStatus']>[1]): Promise<string> {
    const id = await app.create(START);
    await app.setStatus(id, status);
    return id;
  }

  const change = (id: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    app.send('PATCH', `/batch/jobs/${id}`, {
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });

  const lastChange = async (id: string) => (await app.get(`/batch/jobs/${id}/history`)).body.history[0];

  describe('POST /batch/jobs/:id/pause and …/resume', () => {
    it('200: hold a running job and let it go on, with a reason in the history', async () => {
      const id = await running();

      const paused = await app.post(`/batch/jobs/${id}/pause?reason=lunch`);

      expect(paused).toMatchObject({ status: 200 });
      expect(paused.body).toEqual({
        success: true,
        message: 'Batch job paused',
        batchJobId: id,
        status: 'paused',
        contactsRemaining: 2,
        callsInProgress: 0,
        etag: '"0.3"',
      });
      expect(paused.headers.get('etag')).toBe('"0.3"');
      expect(await lastChange(id)).toMatchObject({
        action: 'paused',
        reason: 'lunch',
        before: { status: 'running' },
        after: { status: 'paused' },
      });

      const { body } = await app.post(`/batch/jobs/${id}/resume`);

      expect(body).toEqual({
        success: true,
        message: 'Batch job resumed',
        batchJobId: id,
        status: 'running',
        contactsRemaining: 2,
        etag: '"0.4"',
      });
      expect((await app.get(`/batch/jobs/${id}`)).body.status).toBe('running');
    });

    it.each(['pending', 'scheduled', 'paused', 'completed', 'failed', 'cancelled'] as const)(
      '400 invalid_status: does not pause a %s job',
      async (status) => {
        const id = await inStatus(status);
        const before = await app.everything();
        const refused = await app.post(`/batch/jobs/${id}/pause`);
        expect(refused).toMatchObject({
          status: 400,
          body: {
            code: 'invalid_status',
            detail: `Cannot pause job in '${status}' status. Only 'running' jobs can be paused.`,
            currentStatus: status,
            allowedStatuses: ['running'],
          },
        });
        expect(await app.everything()).toEqual(before);
      },
    );

    it.each(['pending', 'scheduled', 'running', 'completed', 'failed', 'cancelled'] as const)(
      '400 invalid_status: does not resume a %s job',
      async (status) => {
        const id = await inStatus(status);
        expect(await app.post(`/batch/jobs/${id}/resume`)).toMatchObject({
          status: 400,
          body: { detail: `Cannot resume job in '${status}' status. Only 'paused' jobs can be resumed.` },
        });
      },
    );

    it('412: is not done to a job that was changed meanwhile', async () => {
      const id = await running();
      const refused = await app.send('POST', `/batch/jobs/${id}/pause`, { headers: { 'if-match': '"0.1"' } });
      expect(refused).toMatchObject({ status: 412, body: { code: 'version_mismatch', currentTag: '"0.2"' } });
    });

    it('is done once however often it is sent under one key', async () => {
      const id = await running();
      const headers = { 'idempotency-key': 'pause once' };
      const pause = () => app.send('POST', `/batch/jobs/${id}/pause`, { headers });
      const first = await pause();
      const second = await pause();
      expect(second).toMatchObject({ status: 200, body: first.body });
      expect(second.headers.get('idempotency-replayed')).toBe('true');
    });

    it('404 job_not_found', async () => {
      for (const verb of ['pause', 'resume']) {
        expect(await app.post(`/batch/jobs/${UNKNOWN_ID}/${verb}`)).toMatchObject({ status: 404 });
      }
    });
  });

  describe('PATCH /batch/jobs/:id', () => {
    it('200: changes what is given and leaves the rest', async () => {
      const id = await app.create({ ...START, description: 'of week 10' });

      const { status, body } = await change(id, { name: 'April reminders', concurrentCallLimit: 20 });

      expect({ status, body }).toEqual({
        status: 200,
        body: {
          success: true,
          message: 'Batch job changed',
          batchJobId: id,
          status: 'scheduled',
          settings: {
            name: 'April reminders',
            description: 'of week 10',
            concurrentCallLimit: 20,
            maxAttempts: 3,
            retryableStatuses: ['no_answer', 'busy', 'timeout'],
          },
          contactsEnded: 0,
          etag: '"1.2"',
        },
      });
      expect((await app.get(`/batch/jobs/${id}`)).body).toMatchObject({
        name: 'April reminders',
        description: 'of week 10',
        concurrentCallLimit: 20,
        retryPolicy: { maxAttempts: 3 },
        scheduleRevision: 1,
      });
      expect(await lastChange(id)).toMatchObject({
        action: 'changed',
        before: { settings: { name: 'March reminders', concurrentCallLimit: 5 } },
        after: { settings: { name: 'April reminders', concurrentCallLimit: 20 } },
      });
    });

    it('200: takes a description away with null', async () => {
      const id = await app.create({ description: 'of week 10' });
      expect((await change(id, { description: null })).body.settings.description).toBeNull();
    });

    it('200: says after which outcomes somebody is called again, and keeps both in the history', async () => {
      const id = await app.create();

      const { body } = await change(id, { retryableStatuses: ['busy'] });

      expect(body).toMatchObject({ settings: { retryableStatuses: ['busy'], maxAttempts: 3 }, contactsEnded: 0 });
      expect((await app.get(`/batch/jobs/${id}`)).body.retryPolicy).toEqual({
        maxAttempts: 3,
        retryableStatuses: ['busy'],
      });
      expect(await lastChange(id)).toMatchObject({
        before: { settings: { retryableStatuses: ['no_answer', 'busy', 'timeout'] } },
        after: { settings: { retryableStatuses: ['busy'] } },
      });
      expect((await change(id, { retryableStatuses: [] })).body.settings.retryableStatuses).toEqual([]);
    });

    it('200: shows a change from before there was a choice', async () => {
      const id = await app.create();
      await app.database.query(
        `insert into batch_job_history (batch_job_id, organization_id, action, actor, before, after)
       select batch_job_id, organization_id, 'changed', actor, after || $2::jsonb, after || $2::jsonb
         from batch_job_history where batch_job_id = $1`,
        [id, { settings: { name: 'x', description: null, concurrentCallLimit: 5, maxAttempts: 3 } }],
      );
      expect((await lastChange(id)).after.settings.retryableStatuses).toEqual(['no_answer', 'busy', 'timeout']);
    });

    it('200: ends contacts that wait for a call after an outcome which is no reason for one any more', async () => {
      const id = await running();
      await app.database.query(
        `with called as (
         update contacts set status = 'queued', attempt_count = 2, next_retry_at = clock_timestamp() + interval '1 hour'
          where batch_job_id = $1 returning id, batch_job_id, position
       )
       insert into call_attempts (id, organization_id, batch_job_id, contact_id, attempt, claimed_at, ended_at, outcome)
       select 'call_' || position || attempt || $1, 'org_a', batch_job_id, id, attempt,
              clock_timestamp(), clock_timestamp(), outcome
         from called join (values (1, 1, 'busy'), (1, 2, 'no_answer'), (2, 1, 'no_answer'), (2, 2, 'busy'))
                       as calls (of, attempt, outcome) on calls.of = called.position`,
        [id],
      );

      const { body } = await change(id, { retryableStatuses: ['busy', 'timeout'] });

      expect(body).toMatchObject({ contactsEnded: 1 });
      const { statusBreakdown, contacts } = (await app.get(`/batch/jobs/${id}`)).body;
      expect(contacts.map(({ status }: { status: string }) => status)).toEqual(['no_answer', 'queued']);
      expect(statusBreakdown).toMatchObject({ no_answer: 1, queued: 1 });
    });

    it('200: ends contacts that have had as many calls as are allowed now', async () => {
      const id = await running();
      await app.database.query(
        `with called as (
         update contacts set status = 'queued', attempt_count = 2, next_retry_at = clock_timestamp() + interval '1 hour'
          where batch_job_id = $1 and position = 1 returning id, batch_job_id
       )
       insert into call_attempts (id, organization_id, batch_job_id, contact_id, attempt, claimed_at, ended_at, outcome)
       select 'call_' || attempt, 'org_a', batch_job_id, id, attempt, clock_timestamp(), clock_timestamp(), outcome
         from called, (values (1, 'no_answer'), (2, 'busy')) as calls (attempt, outcome)`,
        [id],
      );

      const { body } = await change(id, { maxAttempts: 2 });

      expect(body).toMatchObject({ contactsEnded: 1, settings: { maxAttempts: 2 } });
      const detail = (await app.get(`/batch/jobs/${id}`)).body;
      expect(detail.contacts[0]).toMatchObject({ status: 'busy', nextRetryAt: null, completedAt: expect.any(String) });
      expect(detail.statusBreakdown).toMatchObject({ busy: 1, pending: 1, queued: 0 });
    });

    it.each(['completed', 'failed', 'cancelled'] as const)(
      '400: changes the name of a %s job, but no limit',
      async (status) => {
        const id = await inStatus(status);
        expect((await change(id, { name: 'Archive' })).body).toMatchObject({ status, settings: { name: 'Archive' } });
        expect(await change(id, { retryableStatuses: [] })).toMatchObject({ status: 400 });
        const refused = await change(id, { name: 'Other', maxAttempts: 1 });
        expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_status', currentStatus: status } });
        expect(refused.body.detail).toMatch(/Only its name and description can be changed now/);
        expect((await app.get(`/batch/jobs/${id}`)).body.name).toBe('Archive');
      },
    );

    it.each([
      [{}, 'Give at least one of name, description, concurrentCallLimit, maxAttempts and retryableStatuses.'],
      [
        { retryableStatuses: null },
        "'retryableStatuses' must be a list of no_answer, busy, timeout, each at most once.",
      ],
      [{ retryableStatuses: 'busy' }, "'retryableStatuses' must be a list of"],
      [{ retryableStatuses: ['failed'] }, "'retryableStatuses' must be a list of"],
      [{ retryableStatuses: ['busy', 'busy'] }, "'retryableStatuses' must be a list of"],
      [{ retryableStatus: [] }, "Did you mean 'retryableStatuses'?"],
      [{ name: null }, "'name' must be text."],
      [{ name: '' }, "'name' must have 1 to 200 characters."],
      [{ concurrentCallLimit: 51 }, "'concurrentCallLimit' must be a whole number from 1 to 50."],
      [{ concurrentCallLimit: '5' }, "'concurrentCallLimit' must be a whole number from 1 to 50."],
      [{ maxAttempts: null }, "'maxAttempts' must be a whole number from 1 to 10."],
      [{ maxAttempt: 2 }, "'maxAttempt' is not known here. Did you mean 'maxAttempts'?"],
      [{ scheduledStartTime: '2025-03-01T09:00:00' }, "'scheduledStartTime' is not known here."],
      [[], 'The body must be a JSON object.'],
    ])('400 invalid_request: refuses %j', async (body, detail) => {
      const id = await app.create();
      const before = await app.everything();
      const refused = await change(id, body);
      expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(refused.body.detail).toContain(detail);
      expect(await app.everything()).toEqual(before);
    });

    it('415: refuses what is no JSON', async () => {
      const id = await app.create();
      const refused = await change(id, 'name=x', { 'content-type': 'application/x-www-form-urlencoded' });
      expect(refused).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
      expect(refused.body.detail).toContain('application/json');
    });

    it('412 and 422: keeps to If-Match and Idempotency-Key, bodies compared', async () => {
      const id = await app.create();
      expect(await change(id, { name: 'x' }, { 'if-match': '"9.9"' })).toMatchObject({ status: 412 });
      const key = { 'idempotency-key': `change ${id}` };
      expect(await change(id, { name: 'once' }, key)).toMatchObject({ status: 200 });
      expect(await change(id, { name: 'twice' }, key)).toMatchObject({ status: 422 });
      expect((await change(id, { name: 'once' }, key)).headers.get('idempotency-replayed')).toBe('true');
    });

    it('does not raise the version when everything is as it was', async () => {
      const id = await app.create();
      expect((await change(id, { name: 'March reminders' })).body.etag).toBe('"0.1"');
    });
  });
});
