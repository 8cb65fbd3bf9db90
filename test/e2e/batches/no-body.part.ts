import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../../support/test-app.js';

describe('no body', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.setNow('2025-02-20T00:00:00Z');
  });
  afterAll(() => app.stop());

  const ROUTES = [
    ['PATCH', '/reschedule?scheduledStartTime=2025-03-01T10:00:00'],
    ['POST', '/start'],
    ['POST', '/cancel'],
  ] as const;

  describe.each(ROUTES)('%s /batch/jobs/:id%s', (method, path) => {
    const send = async (id: string, body: string, type = 'application/json') =>
      app.send(method, `/batch/jobs/${id}${path}`, { body, headers: { 'content-type': type } });

    it('refuses a body, names what is in it, and changes nothing', async () => {
      const id = await app.create({ scheduledStartTime: '2025-02-25T09:00:00' });
      const before = await app.everything();

      const { status, body } = await send(id, JSON.stringify({ timezone: 'America/New_York' }));

      expect({ status, body }).toMatchObject({
        status: 400,
        body: {
          code: 'invalid_request',
          errors: [{ parameter: 'timezone', detail: expect.stringContaining('no body') }],
        },
      });
      expect(await send(id, 'timezone=UTC', 'application/x-www-form-urlencoded')).toMatchObject({ status: 400 });
      expect(await send(id, 'timezone', 'text/plain')).toMatchObject({ status: 400 });
      expect(await app.everything()).toEqual(before);
    });

    it.each(['', '{}'])('takes the body %j for none', async (body) => {
      const id = await app.create({ scheduledStartTime: '2025-02-25T09:00:00' });
      expect(await send(id, body)).toMatchObject({ status: 200 });
    });
  });
});
