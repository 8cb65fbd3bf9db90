import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp, UNKNOWN_ID } from '../../support/test-app.js';

describe('ledger', () => {
  const START = { scheduledStartTime: '2025-03-01T10:00:00', timezone: 'America/New_York' };

  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.setNow('2025-02-20T00:00:00Z');
  });
  afterAll(() => app.stop());

  const receipt = (id: string, key?: string) => app.get(`/batch/jobs/${id}/start-receipt`, key);
  const history = (id: string, query = '', key?: string) => app.get(`/batch/jobs/${id}/history${query}`, key);

  describe('GET /batch/jobs/:id/start-receipt', () => {
    it('200: tells what a person started, which was planned and is not late', async () => {
      const id = await app.create(START);
      await app.post(`/batch/jobs/${id}/start`);

      const { status, body } = await receipt(id);

      expect({ status, body }).toEqual({
        status: 200,
        body: {
          batchJobId: id,
          scheduleRevision: 1,
          trigger: 'request',
          plannedStartTime: '2025-03-01T15:00:00Z',
          actualStartTime: expect.stringMatching(/^2025-02-20T00:.*Z$/),
          latenessMs: null,
          staleWakeUpsRefused: 0,
        },
      });
    });

    it('200: a job that was never scheduled had no planned start', async () => {
      const id = await app.create();
      await app.post(`/batch/jobs/${id}/start`);

      expect((await receipt(id)).body).toMatchObject({ scheduleRevision: 0, plannedStartTime: null, latenessMs: null });
    });

    it.each<[string, Record<string, string>, (id: string) => Promise<unknown>, string]>([
      ['is pending', {}, async () => undefined, 'pending'],
      ['is scheduled', START, async () => undefined, 'scheduled'],
      ['was cancelled', START, (id) => app.post(`/batch/jobs/${id}/cancel`), 'cancelled'],
    ])('404: a job that %s', async (_what, start, act, currentStatus) => {
      const id = await app.create(start);
      await act(id);

      const { status, body } = await receipt(id);

      expect({ status, body }).toMatchObject({
        status: 404,
        body: {
          code: 'start_receipt_not_found',
          currentStatus,
          scheduledStartTime: start === START ? '2025-03-01T15:00:00Z' : null,
        },
      });
    });

    it('404: unknown, malformed, or of another organization, all alike', async () => {
      const id = await app.create();
      for (const answer of [await receipt(UNKNOWN_ID), await receipt('%00'), await receipt(id, app.otherKey)]) {
        expect(answer).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
      }
    });
  });

  describe('GET /batch/jobs/:id/history', () => {
    it('200: who, when, from what, to what, why and by which request, newest first', async () => {
      const id = await app.create(START);
      const query = new URLSearchParams({ scheduledStartTime: '2025-03-02T10:00:00Z', reason: 'Storm – Küste ☔' });
      await app.send('PATCH', `/batch/jobs/${id}/reschedule?${query.toString()}`, {
        headers: { 'x-request-id': 'req_storm' },
      });
      await app.post(`/batch/jobs/${id}/cancel?reason=over`);

      const { status, body } = await history(id);

      const [key] = await app.database.query<[{ id: string }]>(
        `select id from api_keys where organization_id = 'org_a' order by created_at limit 1`,
      );
      const planned = {
        status: 'scheduled',
        scheduleRevision: 1,
        scheduledStartTime: '2025-03-01T15:00:00Z',
        localStartTime: '2025-03-01T10:00:00',
        timezone: 'America/New_York',
        settings: null,
      };
      const moved = {
        ...planned,
        scheduleRevision: 2,
        scheduledStartTime: '2025-03-02T10:00:00Z',
        localStartTime: null,
        timezone: 'UTC',
        settings: null,
      };
      const common = { occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), actor: key.id };
      expect({ status, body }).toEqual({
        status: 200,
        body: {
          batchJobId: id,
          history: [
            {
              ...common,
              action: 'cancelled',
              requestId: expect.stringMatching(/^req_/),
              reason: 'over',
              before: moved,
              after: { ...moved, status: 'cancelled' },
            },
            {
              ...common,
              action: 'rescheduled',
              requestId: 'req_storm',
              reason: 'Storm – Küste ☔',
              before: planned,
              after: moved,
            },
            { ...common, action: 'created', requestId: expect.anything(), reason: null, before: null, after: planned },
          ],
          nextCursor: null,
        },
      });
    });

    it('200: pages by cursor, each change once, while others are being made', async () => {
      const id = await app.create(START);
      for (let moves = 0; moves < 6; moves += 1) await app.reschedule(id, START);
      const revisions: number[] = [];
      let next: string | null = '';
      for (let pages = 0; next !== null; pages += 1) {
        const { body } = await history(id, `?pageSize=3${next && `&cursor=${next}`}`);
        revisions.push(
          ...body.history.map(({ after }: { after: { scheduleRevision: number } }) => after.scheduleRevision),
        );
        next = body.nextCursor;
        if (pages === 0) await app.reschedule(id, START);
      }
      expect(revisions).toEqual([7, 6, 5, 4, 3, 2, 1]);
    });

    it.each([
      ['pageSize=0', 'invalid_page_size'],
      ['pageSize=201', 'invalid_page_size'],
      ['cursor=next', 'invalid_page'],
      ['cursor=', 'invalid_page'],
      ['page=2', 'invalid_request'],
    ])('400: %s', async (query, code) => {
      const id = await app.create();
      expect(await history(id, `?${query}`)).toMatchObject({ status: 400, body: { code } });
    });

    it('404: unknown, malformed, or of another organization, all alike', async () => {
      const id = await app.create();
      for (const answer of [await history(UNKNOWN_ID), await history('%00'), await history(id, '', app.otherKey)]) {
        expect(answer).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
      }
    });
  });

  describe('a reason', () => {
    it.each([
      ['200 characters', 'x'.repeat(200), 200],
      ['201 characters', 'x'.repeat(201), 400],
      ['no character', '', 400],
      ['two lines', 'a\nb', 400],
      ['a NUL', 'a\0b', 400],
    ])('of %s', async (_what, reason, expected) => {
      const id = await app.create(START);
      const query = new URLSearchParams({ ...START, reason }).toString();

      const moved = await app.send('PATCH', `/batch/jobs/${id}/reschedule?${query}`);
      const cancelled = await app.post(`/batch/jobs/${id}/cancel?${new URLSearchParams({ reason }).toString()}`);

      expect([moved.status, cancelled.status]).toEqual([expected, expected]);
      expect(moved.body.errors?.[0].parameter).toBe(expected === 400 ? 'reason' : undefined);
    });

    it('is not taken by a start', async () => {
      const id = await app.create(START);
      expect(await app.post(`/batch/jobs/${id}/start?reason=now`)).toMatchObject({ status: 400 });
    });
  });
});
