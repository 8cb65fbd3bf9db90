import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { aBatch, TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('hostile bodies', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const JOB = `/batch/jobs/${UNKNOWN_ID}`;
  const JSON_TYPE = { 'content-type': 'application/json' };

  /** Takes whatever stands beside the outcome. */
  const REPORT = ['POST', '/batch/calls/call_01ARZ3NDEKTSV4RRFFQ69G5FAV/outcome'] as const;

  /** Every route that a body can be sent to, but the one of lists. */
  const WRITES = [
    ['PATCH', JOB],
    ['POST', `${JOB}/start`],
    ['POST', `${JOB}/pause`],
    ['POST', `${JOB}/resume`],
    ['POST', `${JOB}/cancel`],
    ['POST', `${JOB}/export`],
    ['DELETE', JOB],
    ['PATCH', `${JOB}/reschedule?scheduledStartTime=2027-03-01T10:00:00`],
    REPORT,
  ] as const;

  /** An object of so many keys that no route knows. */
  const unknownKeys = (count: number): string =>
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 1])));

  const send = async (method: string, path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Answer> => {
    const key = await app.keyWith(['jobs:read', 'jobs:write', 'calls:report']);
    return app.send(method, path, { body, headers: JSON_TYPE }, key);
  };

  /** Sends a body in chunks, so that nobody is told its length. */
  const sendChunked = (method: string, path: string, body: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(app.url);
      const headers = { ...JSON_TYPE, authorization: `Bearer ${app.key}`, 'transfer-encoding': 'chunked' };
      const sent = request({ hostname, port, method, path, headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      sent.on('error', reject);
      sent.end(body);
    });

  /**
   * How long the process worked for it, in milliseconds of a processor: no longer was it deaf, on a busy machine as well.
   */
  async function workedFor(work: () => Promise<unknown>): Promise<number> {
    const from = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1_000;
  }

  describe.each(WRITES)('%s %s', (method, path) => {
    it('refuses a body of more than 64 KB unread, and says how many bytes it takes', async () => {
      const { status, body } = await send(method, path, unknownKeys(100_000));

      expect(body).toMatchObject({ status, code: 'payload_too_large', maxBytes: 65_536 });
      expect(status).toBe(413);
    });

    it('refuses what is nested too deep, and takes 32 levels for a question of their names', async () => {
      const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
      for (const levels of [33, 5_000, 20_000]) {
        const { status, body } = await send(method, path, nested(levels));
        expect([status, body.code, body.detail]).toEqual([
          400,
          'invalid_request',
          expect.stringContaining('32 levels'),
        ]);
      }
      expect((await send(method, path, nested(32))).body).toMatchObject({
        code: 'invalid_request',
        errors: [{ parameter: path === REPORT[1] ? 'outcome' : 'a' }],
      });
    });

    it('refuses bytes that are no UTF-8 instead of replacing them', async () => {
      const { status, body } = await send(method, path, Buffer.from('{"name":"M\u00fcller"}', 'latin1'));

      expect([status, body.detail]).toEqual([400, expect.stringContaining('UTF-8')]);
    });

    it.each(['gzip', 'br', 'x', 'gzip, identity'])('refuses the coding %s, and says which it takes', async (coding) => {
      const key = await app.keyWith(['jobs:read', 'jobs:write', 'calls:report']);
      const headers = { ...JSON_TYPE, 'content-encoding': coding };
      const answer = await app.send(method, path, { body: '{}', headers }, key);

      expect([answer.status, answer.body.code]).toEqual([415, 'unsupported_media_type']);
      expect(answer.headers.get('accept-encoding')).toBe('identity');
    });

    it('refuses a form, which nobody would read', async () => {
      const body = new FormData();
      body.append('timezone', 'UTC');

      expect((await app.send(method, path, { body })).status).toBe(415);
    });
  });

  describe.each(WRITES.filter(([, path]) => path !== REPORT[1]))('%s %s', (method, path) => {
    it('names at most 20 of what it does not know, and counts the others', async () => {
      const { status, body } = await send(method, path, unknownKeys(5_000));

      expect([status, body.code]).toEqual([400, 'invalid_request']);
      expect(body.errors).toHaveLength(20);
      expect(body.detail).toContain('4980 more');
      expect(JSON.stringify(body).length).toBeLessThan(8_192);
    });
  });

  it('refuses what is too long and does not say its length', async () => {
    const { status, text } = await sendChunked('POST', `${JOB}/pause`, unknownKeys(100_000));

    expect(status).toBe(413);
    expect(JSON.parse(text)).toMatchObject({ code: 'payload_too_large', maxBytes: 65_536 });
  });

  it('names at most 20 parameters of an address', async () => {
    const { status, body } = await app.get(
      `/batch/jobs?${Array.from({ length: 1_500 }, (_, at) => `k${at}`).join('&')}`,
    );

    expect([status, body.errors.length]).toEqual([400, 20]);
  });

  it.each([
    ['an object that is as wide as may be', () => unknownKeys(6_000)],
    ['100,000 keys', () => unknownKeys(100_000)],
    ['9.9 MB', () => JSON.stringify({ text: 'x'.repeat(9_900_000) })],
  ])('hears everybody else while it refuses %s', async (_, make) => {
    const body = make();

    expect(await workedFor(() => send('PATCH', JOB, body))).toBeLessThan(500);
  });

  describe('POST /batch/create', () => {
    it('refuses fields beside the contacts of more than 64 KB', async () => {
      const { status, body } = await app.post('/batch/create', { ...aBatch(), description: 'x'.repeat(66_000) });

      expect(body).toMatchObject({ status, code: 'payload_too_large', maxBytes: 65_536 });
      expect(status).toBe(413);
    });

    it('refuses fields of a form of more than 64 KB together', async () => {
      const fields = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`k${at}`, 'x'.repeat(7_000)]));

      expect(await app.upload('phone\n+12025550123\n', fields)).toMatchObject({
        status: 413,
        body: { code: 'payload_too_large', maxBytes: 65_536 },
      });
    });

    it.each([
      ['fields', '{"name":"M\u00fcller","fromPhoneNumberId":"phone_a","contacts":[{"phone":"+12025550123"}]}'],
      [
        'contacts',
        '{"name":"x","fromPhoneNumberId":"phone_a","contacts":[{"phone":"+12025550123","name":"M\u00fcller"}]}',
      ],
    ])('refuses %s that are no UTF-8', async (_what, text) => {
      const sent = (encoding: 'latin1' | 'utf8') =>
        app.send('POST', '/batch/create', { body: Buffer.from(text, encoding), headers: JSON_TYPE });

      expect(await sent('latin1')).toMatchObject({ status: 400, body: { detail: expect.stringContaining('UTF-8') } });
      expect((await sent('utf8')).status).toBe(200);
    });

    it('refuses a field of a form that is no UTF-8, and takes one that names its encoding', async () => {
      const form = (type: string): Buffer<ArrayBuffer> =>
        Buffer.from(
          [
            `--b\r\nContent-Disposition: form-data; name="name"${type}\r\n\r\nM\u00fcller`,
            '--b\r\nContent-Disposition: form-data; name="fromPhoneNumberId"\r\n\r\nphone_a',
            '--b\r\nContent-Disposition: form-data; name="file"; filename="c.csv"\r\n\r\nphone\n+12025550123\n',
            '--b--\r\n',
          ].join('\r\n'),
          'latin1',
        );
      const sent = (type: string) =>
        app.send('POST', '/batch/create', {
          body: form(type),
          headers: { 'content-type': 'multipart/form-data; boundary=b' },
        });

      expect(await sent('')).toMatchObject({ status: 400, body: { errors: [{ parameter: 'name' }] } });
      const { body } = await sent('\r\nContent-Type: text/plain; charset=iso-8859-1');
      expect((await app.get(`/batch/jobs/${body.batchJobId}`)).body.name).toBe('M\u00fcller');
    });

    it.each(['beside the contacts', 'in a contact'])('refuses what is nested too deep %s', async (where) => {
      const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
      const [beside, within] = where === 'in a contact' ? ['1', deep] : [deep, '1'];
      const body = `{"name":"x","fromPhoneNumberId":"phone_a","contacts":[{"phone":"+12025550123","x":${within}}],"y":${beside}}`;

      expect(await send('POST', '/batch/create', body)).toMatchObject({
        status: 400,
        body: { detail: expect.stringContaining('32 levels') },
      });
    });

    it('names at most 20 fields that it does not know', async () => {
      const unknown = JSON.parse(unknownKeys(3_000)) as object;
      const { status, body } = await app.post('/batch/create', { ...aBatch(), ...unknown });

      expect([status, body.errors.length]).toEqual([400, 20]);
    });
  });
});
