import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aBatch, TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('tenancy', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.setNow('2025-02-20T00:00:00Z');
  });
  afterAll(() => app.stop());

  const START = { scheduledStartTime: '2025-03-01T09:00:00' };

  /** Every route of one job: what another organization sends with its id. */
  const OF_ONE_JOB: Readonly<Record<string, (id: string, key: string) => Promise<Answer>>> = {
    'GET /batch/jobs/{batch_job_id}': (id, key) => app.get(`/batch/jobs/${id}`, key),
    'POST /batch/jobs/{batch_job_id}/start': (id, key) => app.post(`/batch/jobs/${id}/start`, undefined, key),
    'POST /batch/jobs/{batch_job_id}/cancel': (id, key) => app.post(`/batch/jobs/${id}/cancel`, undefined, key),
    'PATCH /batch/jobs/{batch_job_id}/reschedule': (id, key) => app.reschedule(id, START, key),
    'DELETE /batch/jobs/{batch_job_id}': (id, key) => app.send('DELETE', `/batch/jobs/${id}`, {}, key),
    'GET /batch/jobs/{batch_job_id}/contacts': (id, key) => app.get(`/batch/jobs/${id}/contacts`, key),
    'PATCH /batch/jobs/{batch_job_id}': (id, key) =>
      app.send(
        'PATCH',
        `/batch/jobs/${id}`,
        { body: '{"name":"x"}', headers: { 'content-type': 'application/json' } },
        key,
      ),
    'GET /batch/jobs/{batch_job_id}/history': (id, key) => app.get(`/batch/jobs/${id}/history`, key),
    'GET /batch/jobs/{batch_job_id}/redis-status': (id, key) => app.get(`/batch/jobs/${id}/redis-status`, key),
  };

  /** The same of a job that runs, or is held. */
  const OF_ONE_IN: Readonly<Record<string, 'running' | 'paused'>> = {
    'POST /batch/jobs/{batch_job_id}/pause': 'running',
    'POST /batch/jobs/{batch_job_id}/resume': 'paused',
  };

  /** They tell nothing of anybody. */
  const WITHOUT_KEY = ['GET /health', 'GET /timezones', 'GET /timezones/version'];

  /** The other routes, each with a test of its own below or in its own file, or nothing to tell. */
  const OTHERS = [
    'POST /batch/create',
    'GET /batch/jobs',
    'GET /batch/jobs/{batch_job_id}/start-receipt', // ledger.e2e-spec.ts: there is none before the start
    'POST /batch/calls/{callId}/outcome', // call-outcomes.e2e-spec.ts: the id is of a call
    'POST /batch/jobs/{batch_job_id}/export', // below: of a job that has ended
    'GET /batch/jobs/{batch_job_id}/events',
    'GET /admin/consistency', // consistency.e2e-spec.ts: the operator's, of all organizations
    'POST /admin/consistency/repair',
    'GET /batch/schedule/preview',
    ...WITHOUT_KEY,
  ];

  const routes = async (): Promise<{ route: string; hasKey: boolean }[]> => {
    const { body } = await app.get('/docs/openapi.json', null);
    const paths = body.paths as Record<string, Record<string, { security?: unknown[] }>>;
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security = [] }]) => ({
        route: `${method.toUpperCase()} ${path}`,
        hasKey: security.length > 0,
      })),
    );
  };

  describe('tenancy', () => {
    it('is tested for every route of the document', async () => {
      const all = await routes();
      expect(all.map(({ route }) => route).toSorted()).toEqual(
        [...Object.keys(OF_ONE_JOB), ...Object.keys(OF_ONE_IN), ...OTHERS].toSorted(),
      );
    });

    it('every route asks for a key, but those that tell nothing of anybody', async () => {
      const open: string[] = [];
      for (const { route, hasKey } of await routes()) {
        const [method = '', path = ''] = route.split(' ');
        const { status } = await app.send(method, path.replace('{batch_job_id}', UNKNOWN_ID), {}, null);
        expect({ route, hasKey }).toEqual({ route, hasKey: status === 401 });
        if (status !== 401) open.push(route);
      }
      expect(open.toSorted()).toEqual(WITHOUT_KEY);
    });

    it.each(Object.keys(OF_ONE_JOB))('%s: a job of another organization is an unknown one', async (route) => {
      const ask = OF_ONE_JOB[route];
      const id = await app.create(START);
      const before = await app.everything();

      const foreign = await ask(id, app.otherKey);
      const unknown = await ask(UNKNOWN_ID, app.otherKey);

      expect(foreign.status).toBe(404);
      expect({ ...foreign.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
      expect(await app.everything()).toEqual(before);
      expect((await ask(id, app.key)).status).toBe(200);
    });

    it.each([
      ['POST', 'export'],
      ['GET', 'events'],
    ])('%s /batch/jobs/{batch_job_id}/%s: a job of another organization is an unknown one', async (method, route) => {
      const ask = (id: string, key: string) => app.send(method, `/batch/jobs/${id}/${route}`, {}, key);
      const id = await app.create(START);
      await app.post(`/batch/jobs/${id}/cancel`);

      const foreign = await ask(id, app.otherKey);
      const unknown = await ask(UNKNOWN_ID, app.otherKey);

      expect(foreign.status).toBe(404);
      expect({ ...foreign.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
      expect((await ask(id, app.key)).status).toBe(200);
    });
    it.each(Object.entries(OF_ONE_IN))(
      '%s: a %s job of another organization is an unknown one',
      async (route, status) => {
        const id = await app.create(START);
        await app.setStatus(id, status);
        const before = await app.everything();
        const path = route.replace('POST ', '').replace('{batch_job_id}', id);
        expect((await app.post(path, undefined, app.otherKey)).status).toBe(404);
        expect(await app.everything()).toEqual(before);
        expect((await app.post(path)).status).toBe(200);
      },
    );

    it('POST /batch/create: a number of another organization is an unknown one', async () => {
      const before = await app.everything();
      const foreign = await app.post('/batch/create', aBatch(), app.otherKey);
      const unknown = await app.post('/batch/create', { ...aBatch(), fromPhoneNumberId: 'phone_x' }, app.otherKey);
      expect(foreign.status).toBe(404);
      expect(foreign.body.detail.replace('phone_a', 'phone_x')).toBe(unknown.body.detail);
      expect({ ...foreign.body, instance: '', detail: '' }).toEqual({ ...unknown.body, instance: '', detail: '' });
      expect(await app.everything()).toEqual(before);
    });

    it('POST /batch/create: the job belongs to the organization of the key', async () => {
      const id = await app.create({ fromPhoneNumberId: 'phone_b' }, app.otherKey);
      expect((await app.get(`/batch/jobs/${id}`, app.otherKey)).body.organizationId).toBe('org_b');
      expect((await app.get(`/batch/jobs/${id}`)).status).toBe(404);
    });

    it('GET /batch/jobs: shows and counts its own only', async () => {
      const [own, theirs] = [await app.create(), await app.create({ fromPhoneNumberId: 'phone_b' }, app.otherKey)];
      for (const [key, shown, hidden, organizationId] of [
        [app.key, own, theirs, 'org_a'],
        [app.otherKey, theirs, own, 'org_b'],
      ] as const) {
        const { body } = await app.get('/batch/jobs?pageSize=100', key);
        const jobs = body.batchJobs as { id: string; organizationId: string }[];
        expect(jobs.map(({ id }) => id)).toContain(shown);
        expect(jobs.map(({ id }) => id)).not.toContain(hidden);
        expect(new Set(jobs.map((job) => job.organizationId))).toEqual(new Set([organizationId]));
        expect(body.total).toBe(jobs.length);
      }
    });
  });
});
