import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { ApiKeysService } from '../../../src/access/api-keys.service.js';
import { newApiKey } from '../../../src/access/api-key.format.js';
import { Database } from '../../../src/shared/database.js';
import { eventually } from '../../support/eventually.js';
import { TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('authentication', () => {
  const NOW = '2025-02-20T00:00:00Z';
  const NEW_KEY = { organizationId: 'org_a', name: 'test', scopes: ['jobs:read'], expiresAt: null } as const;

  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.setNow(NOW);
  });
  afterAll(() => app.stop());

  const keys = (): ApiKeysService => app.app.get(ApiKeysService, { strict: false });
  const withHeaders = (headers: Record<string, string>, path = '/batch/jobs'): Promise<Answer> =>
    app.send('GET', path, { headers }, null);

  /** A path as it stands: `fetch` would tidy it up. */
  const sendRaw = (method: string, path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(app.url);
      request({ hostname, port, method, path }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      })
        .on('error', reject)
        .end();
    });

  describe('authentication', () => {
    it('lets in by either header, the scheme in any case', async () => {
      expect((await withHeaders({ authorization: `Bearer ${app.key}` })).status).toBe(200);
      expect((await withHeaders({ authorization: `bearer ${app.key}` })).status).toBe(200);
      expect((await withHeaders({ 'x-api-key': app.key })).status).toBe(200);
    });

    it('answers the same 401 whatever is wrong with the key', async () => {
      const revoked = await keys().create({
        organizationId: 'org_a',
        name: 'r',
        scopes: ['jobs:read'],
        expiresAt: null,
      });
      expect((await withHeaders({ 'x-api-key': revoked.key })).status).toBe(200);
      await keys().revoke(revoked.id);
      const expired = await app.keyWith(['jobs:read'], new Date(Date.parse(NOW) - 1));
      const headers: Record<string, string>[] = [
        {},
        { authorization: '' },
        { authorization: 'Bearer' },
        { authorization: 'Bearer nonsense' },
        { authorization: `Bearer ${app.key} ${app.key}` },
        { authorization: `Basic ${Buffer.from(`x:${app.key}`).toString('base64')}` },
        { authorization: app.key },
        { 'x-api-key': '' },
        { 'x-api-key': 'bj_live_' },
        { 'x-api-key': `${app.key.slice(0, -1)}${app.key.endsWith('0') ? '1' : '0'}` },
        { 'x-api-key': app.key.toUpperCase() },
        { 'x-api-key': 'k'.repeat(5_000) },
        { 'x-api-key': newApiKey() },
        { 'x-api-key': revoked.key },
        { 'x-api-key': expired },
      ];

      const answers = await Promise.all(headers.map((each) => withHeaders(each)));

      for (const answer of answers) {
        expect(answer.status).toBe(401);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
        expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
        expect({ ...answer.body, instance: '' }).toEqual({
          type: '/docs/errors#invalid_api_key',
          title: 'Invalid API key',
          status: 401,
          detail: expect.any(String),
          instance: '',
          success: false,
          code: 'invalid_api_key',
          error: 'Invalid API key',
        });
      }
      expect(new Set(answers.map(({ body }) => body.detail)).size).toBe(1);
    });

    it('ends a key at the moment it expires', async () => {
      const key = await app.keyWith(['jobs:read'], new Date(Date.parse(NOW) + 60 * 60_000));
      expect((await app.get('/batch/jobs', key)).status).toBe(200);
      await app.setNow('2025-02-20T01:00:00.001Z');
      // Within a second, as the clock has jumped.
      await eventually(async () => expect((await app.get('/batch/jobs', key)).status).toBe(401));
      await app.setNow(NOW);
    });

    it('stores the hash of a key under the pepper, never the key', async () => {
      const rows = await app.database.query<{ length: number }[]>(
        `select k::text as row, encode(hash, 'escape') as escaped, length(hash) from api_keys as k`,
      );
      const stored = JSON.stringify(rows);
      for (const key of [app.key, app.otherKey]) {
        expect(stored).not.toContain(key);
        expect(stored).not.toContain(key.slice('bj_live_'.length, -6));
      }
      expect(rows.map(({ length }) => length)).toEqual(rows.map(() => 32));
    });

    it('notes the last use of a key, at most once a minute', async () => {
      const key = await app.keyWith(['jobs:read']);
      const lastUsed = async (): Promise<string | null> => {
        const [row] = await app.database.query<{ at: Date | null }[]>(
          'select max(last_used_at) as at from api_keys where id = (select max(id) from api_keys)',
        );
        return row?.at?.toISOString().slice(0, 19) ?? null;
      };
      await app.setNow('2025-02-20T02:00:00.100Z');
      expect(await lastUsed()).toBeNull();
      await app.get('/batch/jobs', key);
      expect(await lastUsed()).toBe('2025-02-20T02:00:00');
      await app.setNow('2025-02-20T02:00:50Z');
      await app.get('/batch/jobs', key);
      expect(await lastUsed()).toBe('2025-02-20T02:00:00');
      await app.setNow('2025-02-20T02:01:05Z');
      // Known for a second, it is not looked up; the clock goes on meanwhile.
      await eventually(async () => {
        await app.get('/batch/jobs', key);
        expect(await lastUsed()).toMatch(/^2025-02-20T02:01/);
      });
      await app.setNow(NOW);
    });

    it('asks for the key before anything else is looked at', async () => {
      const json = { 'content-type': 'application/json' };
      const answers = await Promise.all([
        app.send('POST', '/batch/create', { body: '{"not json', headers: json }, null),
        app.send('POST', '/batch/create', { body: 'x', headers: { 'content-type': 'text/csv' } }, null),
        app.send('POST', '/batch/create', { body: 'x', headers: { 'content-type': 'multipart/form-data' } }, null),
        app.get('/batch/jobs?page=x', null),
        app.get(`/batch/jobs/${UNKNOWN_ID}`, null),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    });

    it.each([
      ['HEAD', '/batch/jobs'],
      ['GET', '/batch/jobs/'],
      ['GET', '//batch/jobs'],
      ['GET', '/BATCH/JOBS'],
      ['GET', '/batch/%6Aobs'],
      ['GET', '/%62atch/jobs'],
      ['GET', '/batch/jobs;x=1'],
      ['GET', '/batch/./jobs'],
      ['GET', '/x/../batch/jobs'],
      ['GET', '/batch/jobs?'],
      ['GET', '/batch/jobs#x'],
      ['GET', '/batch/jobs%2F'],
      ['OPTIONS', '/batch/jobs'],
    ])('does not let %s %s pass without a key, nor stumble', async (method, path) => {
      expect([401, 404]).toContain(await sendRaw(method, path));
    });
  });

  describe('scopes', () => {
    it.each([
      ['GET', '/batch/jobs', 'jobs:read'],
      ['GET', `/batch/jobs/${UNKNOWN_ID}`, 'jobs:read'],
      ['GET', `/batch/jobs/${UNKNOWN_ID}/redis-status`, 'jobs:read'],
      ['POST', '/batch/create', 'jobs:write'],
      ['POST', `/batch/jobs/${UNKNOWN_ID}/start`, 'jobs:write'],
      ['POST', `/batch/jobs/${UNKNOWN_ID}/cancel`, 'jobs:write'],
      ['PATCH', `/batch/jobs/${UNKNOWN_ID}/reschedule`, 'jobs:write'],
    ] as const)('403 for %s %s without %s', async (method, path, scope) => {
      const others = (['jobs:read', 'jobs:write', 'calls:report', 'admin'] as const).filter((each) => each !== scope);
      const answer = await app.send(method, path, {}, await app.keyWith(others));
      expect(answer).toMatchObject({
        status: 403,
        body: {
          code: 'insufficient_scope',
          success: false,
          requiredScope: scope,
          detail: expect.stringContaining(scope),
        },
      });
      const allowed = await app.send(method, path, {}, await app.keyWith([scope]));
      expect(allowed.status).not.toBe(403);
      expect(allowed.status).not.toBe(401);
    });
  });

  describe('keys that somebody makes up', () => {
    it('are refused without the database after a while, and no key in force is', async () => {
      const [neverUsed, expired] = [await app.keyWith(['jobs:read']), await app.keyWith(['jobs:read'], new Date(0))];
      const database = app.app.get(Database, { strict: false });
      let looks = 0;
      const run = database.run.bind(database);
      database.run = (ran, values) => {
        if (/from api_keys/.test(ran.text)) looks += 1;
        return run(ran, values);
      };
      try {
        for (let count = 0; count < 120; count += 1) await withHeaders({ 'x-api-key': newApiKey() });
        expect(looks).toBeGreaterThan(90);
        expect(looks).toBeLessThan(110);
        looks = 0;
        const from = performance.now();

        const answers = await Promise.all(Array.from({ length: 200 }, () => withHeaders({ 'x-api-key': newApiKey() })));

        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
        // The keys in force are read again every two seconds.
        expect(looks).toBeLessThanOrEqual(2 + (performance.now() - from) / 2_000);
        expect((await withHeaders({ 'x-api-key': app.key })).status).toBe(200);
        expect((await withHeaders({ 'x-api-key': neverUsed })).status).toBe(200);
        expect((await withHeaders({ 'x-api-key': expired })).status).toBe(401);
        const { id, key } = await keys().create({ ...NEW_KEY, name: 'made meanwhile' });
        await eventually(async () => expect((await withHeaders({ 'x-api-key': key })).status).toBe(200));
        await keys().revoke(id);
        expect((await withHeaders({ 'x-api-key': key })).status).toBe(401);
      } finally {
        database.run = run;
      }
    });
  });

  describe('another pepper', () => {
    const [OLD, NEW] = ['a pepper that is only good for tests', 'a pepper that comes after the other one'];
    const under = (apiKeyPepper: string, apiKeyPepperPrevious: string | null = null): ApiKeysService =>
      new ApiKeysService(app.app.get(Database, { strict: false }), { apiKeyPepper, apiKeyPepperPrevious });

    it('takes keys over as they are used, and both are in force meanwhile', async () => {
      const [used, unused] = [await under(OLD).create(NEW_KEY), await under(OLD).create(NEW_KEY)];
      const made = await under(NEW, OLD).create(NEW_KEY);

      expect(await under(NEW, OLD).validate(used.key)).toMatchObject({ id: used.id });
      expect(await under(NEW, OLD).validate(made.key)).toMatchObject({ id: made.id });

      expect(await under(NEW).validate(used.key)).toMatchObject({ id: used.id });
      expect(await under(NEW).validate(unused.key)).toBeNull();
      expect(await under(OLD).validate(used.key)).toBeNull();
      expect(await under(OLD, NEW).validate(used.key)).toMatchObject({ id: used.id });
      expect(await under(OLD).validate(unused.key)).toMatchObject({ id: unused.id });
    });
  });

  describe('a key that leaked', () => {
    it('is found by its beginning', async () => {
      const { id, key } = await keys().create(NEW_KEY);
      const found: string[] = [];
      for await (const shown of keys().list()) {
        if (shown.beginning !== null && key.startsWith(shown.beginning)) found.push(shown.id);
        expect(JSON.stringify(shown)).not.toContain(key.slice(17));
      }
      expect(found).toEqual([id]);
    });
  });
});
