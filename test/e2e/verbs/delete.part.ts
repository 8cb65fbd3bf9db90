import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { CallOutcomes } from '../../../src/calling/call-outcomes.js';
import { callEnd } from '../../../src/batch-jobs/call.outcome.js';
import { contacts, TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('delete', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.setNow('2025-02-20T00:00:00Z');
  });
  afterAll(() => app.stop());

  const scheduled = (): Promise<string> => app.create({ scheduledStartTime: '2025-03-01T09:00:00' });
  const remove = (id: string, query = '', headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    app.send('DELETE', `/batch/jobs/${id}${query}`, { headers });
  const historyOf = (id: string) =>
    app.database.query<object[]>(
      'select action, actor, reason, request_id, before, after from batch_job_history where batch_job_id = $1 order by id',
      [id],
    );
  const rowsOf = async (table: string, id: string): Promise<number> => {
    const [{ count }] = await app.database.query<[{ count: number }]>(
      `select count(*)::integer as count from ${table} where batch_job_id = $1`,
      [id],
    );
    return count;
  };

  /** A call to the contact at a place of the list, as far as it got. */
  const aCall = async (id: string, position: number, state: 'claimed' | 'placed' | 'ended'): Promise<string> => {
    const callId = `call_${ulid()}`;
    await app.database.query(
      `insert into call_attempts (id, organization_id, batch_job_id, contact_id, attempt, claimed_at, placed_at, lease_ends_at,
                                ended_at, outcome)
     select $1, 'org_a', $2, id, 1, clock_timestamp(), case when $4 <> 'claimed' then clock_timestamp() end,
            case when $4 <> 'claimed' then clock_timestamp() end, case when $4 = 'ended' then clock_timestamp() end,
            case when $4 = 'ended' then 'busy' end
       from contacts where batch_job_id = $2 and position = $3`,
      [callId, id, position, state],
    );
    return callId;
  };

  describe('DELETE /batch/jobs/:id', () => {
    it('200: removes a scheduled job, its timer and its contacts', async () => {
      const id = await scheduled();

      const { status, headers, body } = await remove(id, '?reason=test+data', { 'x-request-id': 'req-1' });

      expect({ status, body }).toEqual({
        status: 200,
        body: {
          success: true,
          message: 'Batch job deleted with 2 contacts',
          batchJobId: id,
          contactsDeleted: 2,
          redisJobCancelled: true,
        },
      });
      expect(headers.get('etag')).toBeNull();
      expect((await app.delayed()).has(`${id}.r1`)).toBe(false);
      const tables = ['contacts', 'contact_counts', 'call_attempts'];
      expect(await Promise.all(tables.map((table) => rowsOf(table, id)))).toEqual([0, 0, 0]);
      const facts = { status: 'scheduled', scheduleRevision: 1, startsAt: '2025-03-01T09:00:00.000Z' };
      expect((await historyOf(id)).at(-1)).toMatchObject({
        action: 'deleted',
        actor: expect.stringMatching(/^key_/),
        reason: 'test data',
        request_id: 'req-1',
        before: facts,
        after: facts,
      });
    });

    it.each(['', '/contacts', '/history', '/start-receipt', '/redis-status', '/events'])(
      '404: nothing of it can be read afterwards: %s',
      async (path) => {
        const id = await scheduled();
        await app.post(`/batch/jobs/${id}/start`);
        await app.post(`/batch/jobs/${id}/cancel`);
        expect((await app.get(`/batch/jobs/${id}${path}`)).status).toBe(200);
        await remove(id);
        expect(await app.get(`/batch/jobs/${id}${path}`)).toMatchObject({
          status: 404,
          body: { code: 'job_not_found' },
        });
      },
    );

    it.each(['pending', 'paused', 'completed', 'failed', 'cancelled'] as const)('200: a %s job', async (status) => {
      const id = await scheduled();
      await app.setStatus(id, status);
      expect((await remove(id)).body).toMatchObject({ contactsDeleted: 2, redisJobCancelled: false });
      expect((await app.get('/batch/jobs?pageSize=100')).body.batchJobs).not.toContainEqual(
        expect.objectContaining({ id }),
      );
    });

    it('400 invalid_status: a running job stays as it is', async () => {
      const id = await scheduled();
      await app.post(`/batch/jobs/${id}/start`);
      const before = await app.everything();
      expect(await remove(id)).toMatchObject({
        status: 400,
        body: {
          code: 'invalid_status',
          detail: "Cannot delete job in 'running' status. Cancel it first; jobs in any other status can be deleted.",
          currentStatus: 'running',
          allowedStatuses: ['pending', 'scheduled', 'paused', 'completed', 'failed', 'cancelled'],
        },
      });
      expect(await app.everything()).toEqual(before);
    });

    it('the start ledger stays', async () => {
      const id = await scheduled();
      await app.post(`/batch/jobs/${id}/start`);
      await app.post(`/batch/jobs/${id}/cancel`);
      await remove(id);
      expect(await rowsOf('batch_job_starts', id)).toBe(1);
      expect((await historyOf(id)).map((entry) => (entry as { action: string }).action)).toEqual([
        'created',
        'started',
        'cancelled',
        'deleted',
      ]);
    });

    it('a call in progress keeps its slot until its outcome comes, which does no harm; other calls are removed', async () => {
      const id = await app.create({ contacts: contacts(3) });
      await app.setStatus(id, 'paused');
      await aCall(id, 1, 'ended');
      await aCall(id, 2, 'claimed');
      const placed = await aCall(id, 3, 'placed');

      expect((await remove(id)).body.contactsDeleted).toBe(3);

      const calls = () => app.database.query('select id, outcome from call_attempts where batch_job_id = $1', [id]);
      expect(await calls()).toEqual([{ id: placed, outcome: null }]);
      const outcomes = app.app.get(CallOutcomes, { strict: false });
      expect(await outcomes.record(placed, callEnd('no_answer'))).toMatchObject({ isNew: true, contactStatus: null });
      expect(await calls()).toEqual([{ id: placed, outcome: 'no_answer' }]);
    });

    it('412: only the job that was seen, and 200 with its tag', async () => {
      const id = await scheduled();
      const { etag } = (await app.get(`/batch/jobs/${id}`)).body;
      await app.reschedule(id, { scheduledStartTime: '2025-03-02T09:00:00' });
      const refused = await remove(id, '', { 'if-match': etag });
      expect(refused).toMatchObject({ status: 412, body: { code: 'version_mismatch', currentTag: '"2.2"' } });
      expect((await remove(id, '', { 'if-match': '"2.2"' })).status).toBe(200);
    });

    it('200: sent again with its Idempotency-Key, it is answered as before', async () => {
      const id = await scheduled();
      const headers = { 'idempotency-key': randomUUID() };
      const first = await remove(id, '', headers);
      const second = await remove(id, '', headers);
      expect([first.status, second.status, second.headers.get('idempotency-replayed')]).toEqual([200, 200, 'true']);
      expect(second.body).toEqual(first.body);
      expect((await remove(id)).status).toBe(404);
    });

    it('deletes once when asked twice at once', async () => {
      const id = await scheduled();
      const answers = await Promise.all([remove(id), remove(id)]);
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 404]);
    });

    it('200: a list of several statements', async () => {
      const id = await app.create();
      await app.database.query(
        `insert into contacts (id, batch_job_id, position, phone_number, contact_data)
       select $1 || place, $1, place, '+12025550123', '{}' from generate_series(3, 45000) as place`,
        [id],
      );
      expect((await remove(id)).body).toMatchObject({ contactsDeleted: 45_000 });
      expect(await rowsOf('contacts', id)).toBe(0);
    });

    it('400 invalid_request: it has no body', async () => {
      const init = { body: '{"force":true}', headers: { 'content-type': 'application/json' } };
      const answer = await app.send('DELETE', `/batch/jobs/${await scheduled()}`, init);
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ parameter: 'force' }] },
      });
    });

    it('404: an unknown job', async () => {
      expect(await remove(UNKNOWN_ID)).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
    });
  });
});
