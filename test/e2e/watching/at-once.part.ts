import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { eventually } from '../../support/eventually.js';
import { aBatch, TestApp } from '../../support/test-app.js';

describe('at once', () => {
  const LIMITS = { maxUploadsPerKey: 2, maxUploads: 3, maxEventStreamsPerKey: 2, maxEventStreams: 3 };

  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ settings: LIMITS });
  });
  afterAll(() => app.stop());

  /** Begins a request; `body` is all that is sent of a longer one. */
  function begin(method: string, path: string, key: string, body?: string): ClientRequest {
    const { hostname, port } = new URL(app.url);
    const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': 1_000 };
    const sent = request({ hostname, port, method, path, headers: { authorization: `Bearer ${key}`, ...type } });
    sent.on('error', () => undefined);
    if (body === undefined) sent.end();
    else {
      sent.write(body);
      // A body that stops for 15 s is given up, and its place with it: a busy machine may take longer for the others.
      const going = setInterval(() => sent.write(' '), 1_000);
      sent.once('close', () => clearInterval(going));
    }
    return sent;
  }

  const create = async (key: string, fromPhoneNumberId = 'phone_a') => {
    const { status, body, headers } = await app.post('/batch/create', { ...aBatch(), fromPhoneNumberId }, key);
    return { status, code: body.code, limit: body.limit, retryAfter: headers.get('retry-after') };
  };
  const stall = (key: string): ClientRequest => begin('POST', '/batch/create', key, '{"name":');

  const REFUSED = { status: 429, code: 'too_many_at_once', retryAfter: '5' };

  describe('uploads at one time', () => {
    it('are bounded for a key, whose other requests are answered, and for all keys; who leaves makes room', async () => {
      const stalled: ClientRequest[] = [];
      /** Whether an upload or the try behind it was first is nobody's to say: one more until there is no room. */
      const fill = (key: string, number: string, limit: number) =>
        eventually(async () => {
          stalled.push(stall(key));
          // Gives it the time to be there first, or every try could take the place that it needs.
          await app.get('/batch/jobs', key);
          expect(await create(key, number)).toEqual({ ...REFUSED, limit });
        });
      await fill(app.key, 'phone_a', 2);
      expect((await app.get('/batch/jobs')).status).toBe(200);
      expect((await create(app.otherKey, 'phone_b')).status).toBe(200);
      await fill(app.otherKey, 'phone_b', 3);

      for (const upload of stalled) upload.destroy();
      await eventually(async () => expect((await create(app.key)).status).toBe(200));
      // A place that was never given back would be missed by now.
      for (let count = 0; count < 5; count += 1) expect((await create(app.key)).status).toBe(200);
    });
  });

  describe('event streams at one time', () => {
    const watch = async (id: string, key: string): Promise<IncomingMessage> => {
      const [response] = (await once(begin('GET', `/batch/jobs/${id}/events`, key), 'response')) as [IncomingMessage];
      return response.resume();
    };

    it('are bounded for a key and for all keys; who leaves makes room', async () => {
      const id = await app.create();
      const { body } = await app.post('/batch/create', { ...aBatch(), fromPhoneNumberId: 'phone_b' }, app.otherKey);
      const first = await watch(id, app.key);
      const others = [await watch(id, app.key), await watch(String(body.batchJobId), app.otherKey)];
      const third = await app.get(`/batch/jobs/${id}/events`);
      expect([third.status, third.body.code, third.body.limit]).toEqual([429, 'too_many_at_once', 2]);
      expect(third.headers.get('retry-after')).toBe('5');
      expect((await app.get(`/batch/jobs/${body.batchJobId}/events`, app.otherKey)).body.limit).toBe(3);

      first.destroy();

      await eventually(async () => {
        const again = await watch(id, app.key);
        others.push(again);
        expect(again.statusCode).toBe(200);
      });
      for (const stream of others) stream.destroy();
    });

    it('do not count a stream of a job that there is not', async () => {
      for (let count = 0; count < 5; count += 1) {
        const answer = await app.get('/batch/jobs/batch_01ARZ3NDEKTSV4RRFFQ69G5FAV/events');
        expect([404, 429]).toContain(answer.status);
      }
      await eventually(async () => {
        const response = await watch(await app.create(), app.key);
        response.destroy();
        expect(response.statusCode).toBe(200);
      });
    });
  });
});
