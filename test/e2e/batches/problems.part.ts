import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { RescheduleService } from '../../../src/operations/reschedule.service.js';
import { aBatch, TestApp, UNKNOWN_ID, type Answer } from '../../support/test-app.js';

describe('problems', () => {
  const SECRET = 'select secret from db.internal:5432 where phone = +12025550123';

  /** Fails as a driver does, its message full of what nobody may see. */
  const broken = {
    reschedule: () => Promise.reject(new Error(SECRET)),
  };

  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ override: (module) => module.overrideProvider(RescheduleService).useValue(broken) });
  });
  afterAll(() => app.stop());

  const JSON_TYPE = { 'content-type': 'application/json' };

  /** Sends lines as they stand. @returns the head and the body of what comes back */
  const sendLines = (...lines: readonly string[]): Promise<{ head: string; body: string }> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(app.url);
      let received = '';
      const socket = connect(Number(port), hostname, () => {
        socket.write([...lines, 'Host: test', 'Connection: close', '', ''].join('\r\n'));
      });
      socket.on('data', (chunk) => (received += String(chunk)));
      socket.on('error', reject);
      socket.on('close', () => {
        const [head = '', body = ''] = received.split('\r\n\r\n');
        resolve({ head, body });
      });
    });

  /** What every problem has, whatever else it has. */
  const aProblem = (status: number, code: string, { headers }: Answer): object => ({
    status,
    type: expect.stringMatching(/^application\/problem\+json/),
    body: expect.objectContaining({
      type: `/docs/errors#${code}`,
      title: expect.stringMatching(/./),
      status,
      detail: expect.stringMatching(/^[A-Z'].*/),
      instance: headers.get('x-request-id'),
      success: false,
      code,
    }),
  });
  const seen = ({ status, headers, body }: Answer): object => ({ status, type: headers.get('content-type'), body });

  describe('problems', () => {
    it.each([
      ['an unknown route', 'GET', '/nowhere', {}, 404, 'route_not_found'],
      ['an unknown route of ours', 'GET', '/batch/nowhere', {}, 404, 'route_not_found'],
      ['the root', 'GET', '/', {}, 404, 'route_not_found'],
      ['the wrong method', 'DELETE', '/batch/jobs', {}, 404, 'route_not_found'],
      ['the wrong method of a job', 'PUT', `/batch/jobs/${UNKNOWN_ID}/reschedule`, {}, 404, 'route_not_found'],
      ['bad percent-encoding', 'GET', '/batch/jobs/%zz', {}, 400, 'invalid_request'],
      ['percent-encoding that is no UTF-8', 'GET', '/batch/jobs/%ff', {}, 400, 'invalid_request'],
      ['JSON that is none', 'POST', '/batch/create', { body: '{"a":', headers: JSON_TYPE }, 400, 'invalid_request'],
      [
        'JSON that is no UTF-8',
        'POST',
        '/batch/create',
        { body: Buffer.from([0xff]), headers: JSON_TYPE },
        400,
        'invalid_request',
      ],
      [
        'no JSON for a move',
        'PATCH',
        `/batch/jobs/${UNKNOWN_ID}/reschedule`,
        { body: '{', headers: JSON_TYPE },
        400,
        'invalid_request',
      ],
      [
        'an unknown media type',
        'POST',
        '/batch/create',
        { body: 'x', headers: { 'content-type': 'a/b' } },
        415,
        'unsupported_media_type',
      ],
      [
        'a media type that is none',
        'POST',
        '/batch/create',
        { body: 'x', headers: { 'content-type': ';;' } },
        415,
        'unsupported_media_type',
      ],
      ['an unknown job', 'GET', `/batch/jobs/${UNKNOWN_ID}`, {}, 404, 'job_not_found'],
      ['an unknown parameter', 'GET', '/batch/jobs?x=1', {}, 400, 'invalid_request'],
      [
        'a body larger than any',
        'POST',
        '/batch/create',
        { body: 'x'.repeat(11_000_000), headers: JSON_TYPE },
        413,
        'payload_too_large',
      ],
    ])('%s', async (_, method, path, init, status, code) => {
      const answer = await app.send(method, path, init);
      expect(seen(answer)).toEqual(aProblem(status, code, answer));
    });

    it('no key', async () => {
      const answer = await app.get('/batch/jobs', null);
      expect(seen(answer)).toEqual(aProblem(401, 'invalid_api_key', answer));
    });

    it.each([
      ['no HTTP', ['NONSENSE']],
      ['a header without a name', ['GET /batch/jobs HTTP/1.1', ': x']],
      ['headers longer than any', ['GET /batch/jobs HTTP/1.1', `X-Long: ${'x'.repeat(20_000)}`]],
      ['two lengths', ['POST /batch/create HTTP/1.1', 'Content-Length: 1', 'Content-Length: 2']],
    ])('what is not a request: %s', async (_, lines) => {
      const { head, body } = await sendLines(...lines);
      expect(head).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(head).toMatch(/content-type: application\/problem\+json/i);
      expect(JSON.parse(body)).toMatchObject({ success: false, code: 'invalid_request', detail: expect.any(String) });
    });

    it('500: says what failed, and nothing of why', async () => {
      const id = await app.create();
      const answer = await app.reschedule(id, { scheduledStartTime: '2027-03-01T10:00:00' });
      expect(seen(answer)).toEqual(aProblem(500, 'internal_error', answer));
      expect(answer.body.detail).toBe('Failed to reschedule batch job');
      expect(Object.keys(answer.body as object)).toEqual([
        'type',
        'title',
        'status',
        'detail',
        'instance',
        'success',
        'code',
      ]);
      expect(JSON.stringify([answer.body, [...answer.headers]])).not.toMatch(
        /select|db\.internal|2025550123|\.ts|\.js/,
      );
    });

    it('500: a statement that PostgreSQL refuses shows no SQL', async () => {
      await app.database.query(
        `alter table contacts add constraint no_ada check (phone_number <> '+12025550123') not valid`,
      );
      try {
        const answer = await app.post('/batch/create', aBatch());
        expect(seen(answer)).toEqual(aProblem(500, 'internal_error', answer));
        expect(answer.body.detail).toBe('Failed to create batch job');
        expect(JSON.stringify(answer.body)).not.toMatch(/no_ada|contacts|2025550123|check/);
        expect(
          await app.database.query(`select 1 from batch_jobs where name = 'March reminders' and total_contacts = 2
        and not exists (select from contacts where batch_job_id = batch_jobs.id)`),
        ).toEqual([]);
      } finally {
        await app.database.query('alter table contacts drop constraint no_ada');
      }
    });
  });

  describe('X-Request-Id', () => {
    it.each(['a', 'my-request.42', '!~"<>{}', 'x'.repeat(128)])('echoes %j', async (id) => {
      const ok = await app.send('GET', '/batch/jobs', { headers: { 'x-request-id': id } });
      expect(ok.headers.get('x-request-id')).toBe(id);
      for (const path of ['/batch/jobs?x=1', '/nowhere', '/batch/jobs/%zz']) {
        const refused = await app.send('GET', path, { headers: { 'x-request-id': id } });
        expect({ path, id: refused.headers.get('x-request-id') }).toEqual({ path, id });
        expect(refused.body.instance).toBe(id);
      }
    });

    it.each(['', 'x'.repeat(129), 'two words', 'caf\u00e9'])('makes one instead of %j', async (id) => {
      const ok = await app.send('GET', '/batch/jobs', { headers: { 'x-request-id': id } });
      expect(ok.headers.get('x-request-id')).toMatch(/^req_[0-9A-Z]{26}$/);
      const refused = await app.send('GET', '/batch/jobs/%zz', { headers: { 'x-request-id': id } });
      expect(refused.body.instance).toMatch(/^req_[0-9A-Z]{26}$/);
    });

    it('makes another for every request', async () => {
      const answers = await Promise.all([app.get('/batch/jobs'), app.get('/batch/jobs'), app.get('/nowhere')]);
      expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(3);
    });

    it.each([
      ['JSON', () => ({ body: JSON.stringify(aBatch()), headers: JSON_TYPE })],
      [
        'a form',
        () => {
          const form = new FormData();
          form.append('name', 'x');
          form.append('fromPhoneNumberId', 'phone_a');
          form.append('file', new Blob(['phone\n+12025550123\n']), 'c.csv');
          return { body: form };
        },
      ],
    ])('is in the history of what a body of %s made', async (_, init) => {
      const { headers = {}, body } = init() as { headers?: Record<string, string>; body: string | FormData };
      const id = `history-${_.length}`;
      const answer = await app.send('POST', '/batch/create', { body, headers: { ...headers, 'x-request-id': id } });
      expect(answer.status).toBe(200);
      expect(
        await app.database.query('select request_id from batch_job_history where batch_job_id = $1', [
          answer.body.batchJobId,
        ]),
      ).toEqual([{ request_id: id }]);
    });
  });

  describe('headers', () => {
    it.each([
      ['/batch/jobs', true],
      ['/batch/jobs', false],
      ['/nowhere', true],
      ['/docs', false],
      ['/health', false],
    ])('of security, at %s with a key: %s', async (path, hasKey) => {
      const { headers } = await app.get(path, hasKey ? app.key : null);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toMatch(/^(SAMEORIGIN|DENY)$/);
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(headers.get('strict-transport-security')).toMatch(/max-age=\d+/);
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('server')).toBeNull();
    });

    it.each([
      ['/batch/jobs', true],
      ['/batch/jobs', false],
      ['/batch/jobs?x=1', true],
      ['/batch/nowhere', true],
      [`/batch/jobs/${UNKNOWN_ID}`, true],
      ['/batch/schedule/preview?scheduledStartTime=2027-03-01T10:00:00', true],
      ['/admin/consistency', true],
    ])('keep the answer out of caches, at %s with a key: %s', async (path, hasKey) => {
      const { headers } = await app.get(path, hasKey ? app.key : null);
      expect(headers.get('cache-control')).toBe('no-store');
    });

    it('of security, before any route is reached', async () => {
      const { headers } = await app.get('/batch/jobs/%zz');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    });

    it('the type of a problem leads to its explanation', async () => {
      const { body } = await app.get('/batch/jobs', null);
      const [page = '', anchor] = (body.type as string).split('#');
      const answer = await app.get(page, null);
      expect(answer.status).toBe(200);
      expect(answer.body).toContain(`id="${anchor}"`);
    });
  });
});
