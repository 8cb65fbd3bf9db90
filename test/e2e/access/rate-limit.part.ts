import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp, type Answer } from '../../support/test-app.js';

describe('rate limit', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ settings: { rateLimitPerMinute: 3, reportRateLimitPerMinute: 5 } });
  });
  afterAll(() => app.stop());

  const limits = ({ headers }: Answer): (string | null)[] =>
    ['x-ratelimit-limit', 'x-ratelimit-remaining'].map((name) => headers.get(name));

  describe('rate limit', () => {
    it('tells what is left, and refuses what is beyond, for one key alone', async () => {
      const answers = [];
      for (let sent = 0; sent < 4; sent += 1) answers.push(await app.get('/batch/jobs'));

      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
      expect(answers.map(limits)).toEqual([
        ['3', '2'],
        ['3', '1'],
        ['3', '0'],
        ['3', '0'],
      ]);
      const refused = answers.at(-1) as Answer;
      const [retryAfter, reset] = [refused.headers.get('retry-after'), refused.headers.get('x-ratelimit-reset')];
      expect(Number(retryAfter)).toBeGreaterThan(0);
      expect(Number(retryAfter)).toBeLessThanOrEqual(60);
      expect(reset).toBe(retryAfter);
      expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(refused.body).toMatchObject({ code: 'rate_limited', success: false, detail: expect.any(String) });

      expect((await app.get('/batch/jobs', app.otherKey)).status).toBe(200);
    });

    it('refuses before it looks at the request', async () => {
      const key = await app.keyWith(['jobs:read']);
      for (let sent = 0; sent < 3; sent += 1) await app.get('/batch/jobs', key);
      const init = { body: '{"not json', headers: { 'content-type': 'application/json' } };
      expect((await app.send('POST', '/batch/create', init, key)).status).toBe(429);
      expect((await app.get('/batch/jobs?page=x', key)).status).toBe(429);
    });

    it('is another for a key that only reports outcomes', async () => {
      const report = (key: string) =>
        app.post('/batch/calls/call_01ARZ3NDEKTSV4RRFFQ69G5FAV/outcome', { outcome: 'busy' }, key);
      const [reporter, both] = [await app.keyWith(['calls:report']), await app.keyWith(['calls:report', 'jobs:read'])];
      expect(limits(await report(reporter))).toEqual(['5', '4']);
      expect(limits(await report(both))).toEqual(['3', '2']);
    });

    it('counts no stranger', async () => {
      const answers = await Promise.all(Array.from({ length: 5 }, () => app.get('/batch/jobs', 'bj_live_x')));
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
      expect(limits(answers[0])).toEqual([null, null]);
    });
  });
});
