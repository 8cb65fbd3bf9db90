import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { eventually } from '../support/eventually.js';
import { aForm, TestApp, UNKNOWN_ID } from '../support/test-app.js';

/** What must never be read in a log: each occurs in what is sent below. */
const CANARIES = {
  number: '+12025550147',
  digits: '2025550147',
  name: 'Canary Finchley',
  field: 'canary-in-a-custom-field',
  batch: 'canary-name-of-the-batch',
  description: 'canary-description',
  malformed: 'canary-in-broken-json',
  parameter: 'canary-in-a-parameter',
  header: 'canary-in-a-header',
};

/** One line of the log. */
interface Line extends Readonly<Record<string, unknown>> {
  readonly requestId?: string;
  readonly msg: string;
}

/** The API as it runs in production, from `dist`, with everything it writes. */
class ApiProcess {
  output = '';
  port = 0;

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => (this.output += String(chunk)));
    }
  }

  static async start(world: TestApp): Promise<ApiProcess> {
    const { databaseUrl, databasePooler, redisUrl, redisKeyPrefix, apiKeyPepper } = world.settings;
    const port = await freePort();
    const child = spawn(process.execPath, ['dist/src/main.js'], {
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: databaseUrl,
        DATABASE_POOLER: databasePooler,
        REDIS_URL: redisUrl,
        REDIS_KEY_PREFIX: redisKeyPrefix,
        API_KEY_PEPPER: apiKeyPepper,
        DIALER: 'simulated',
        PORT: String(port),
        LOG_LEVEL: 'trace',
      },
    });
    const api = new ApiProcess(child);
    api.port = port;
    await eventually(async () => {
      if (!(await fetch(`${api.url}/health`)).ok) throw new Error(`not up: ${api.output}`);
    });
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Every line, each of which must be JSON. */
  lines(): Line[] {
    return this.output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  }

  /** The lines of one request, once its last is written. */
  linesOf(requestId: string): Promise<Line[]> {
    return eventually(() => {
      const lines = this.lines().filter((line) => line.requestId === requestId);
      if (!lines.some(({ msg }) => msg === 'request answered')) throw new Error(`not answered: ${requestId}`);
      return lines;
    });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}

const freePort = async (): Promise<number> => {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
};

let world: TestApp;
let api: ApiProcess;
beforeAll(async () => {
  world = await TestApp.start();
  api = await ApiProcess.start(world);
});
afterAll(async () => {
  await api.stop();
  await world.stop();
});

const send = async (
  method: string,
  path: string,
  init: { body?: string | FormData; headers?: Record<string, string> } = {},
) => {
  const headers = { authorization: `Bearer ${world.key}`, 'x-canary': CANARIES.header, ...init.headers };
  const response = await fetch(`${api.url}${path}`, { ...init, method, headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const json = (body: unknown, headers: Record<string, string> = {}) => ({
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
});
const batch = (fields: object = {}): object => ({
  name: CANARIES.batch,
  description: CANARIES.description,
  fromPhoneNumberId: 'phone_a',
  contacts: [{ phone: CANARIES.number, name: CANARIES.name, note: CANARIES.field }],
  ...fields,
});
const CSV = `phone,name,note\n${CANARIES.number},${CANARIES.name},${CANARIES.field}\n`;
const later = (): string => new Date(Date.now() + 86_400_000).toISOString();

describe('the log', () => {
  it('holds no number, name, custom field or key, whatever succeeds or fails', async () => {
    const created = await send('POST', '/batch/create', json(batch({ scheduledStartTime: later() })));
    expect(created.status).toBe(200);
    const job = `/batch/jobs/${String(created.body.batchJobId)}`;
    const statuses = [
      await send('POST', '/batch/create', { body: aForm(CSV) }),
      await send('GET', job),
      await send('GET', '/batch/jobs'),
      await send('PATCH', `${job}/reschedule?scheduledStartTime=${encodeURIComponent(later())}`),
      await send('PATCH', `${job}/reschedule?scheduledStartTime=${CANARIES.parameter}`),
      await send('PATCH', `${job}/reschedule?scheduledStartTime=2020-01-01T00:00:00&${CANARIES.parameter}=1`),
      await send('PATCH', `${job}/reschedule?scheduledStartTime=${later()}&timezone=${CANARIES.parameter}`),
      await send('POST', `${job}/start`),
      await send('POST', `${job}/start`),
      await send('POST', `${job}/cancel`),
      await send('POST', '/batch/create', json(batch({ maxAttempts: 99 }))),
      await send('POST', '/batch/create', json(batch({ [CANARIES.parameter]: 1 }))),
      await send('POST', '/batch/create', json(batch({ fromPhoneNumberId: CANARIES.parameter }))),
      await send('POST', '/batch/create', json(batch({ contacts: [{ phone: CANARIES.digits, name: CANARIES.name }] }))),
      await send('POST', '/batch/create', { body: aForm(`number\n${CANARIES.number}\n`) }),
      await send('POST', '/batch/create', { body: aForm(`phone\n"${CANARIES.number}`) }),
      await send('POST', '/batch/create', {
        body: `{"name":"${CANARIES.malformed}`,
        headers: { 'content-type': 'application/json' },
      }),
      await send('GET', '/batch/jobs', { headers: { authorization: `Bearer ${world.key}x` } }),
      await send('GET', `/batch/jobs?name=${CANARIES.name}`),
    ].map(({ status }) => status);
    expect(statuses).toEqual([
      200, 200, 200, 200, 400, 400, 400, 200, 400, 200, 400, 400, 404, 400, 400, 400, 400, 401, 200,
    ]);

    await world.database.query(
      `alter table contacts add constraint no_canary check (phone_number !~ '0147') not valid`,
    );
    const failed = await send('POST', '/batch/create', json(batch(), { 'x-request-id': 'refused-by-postgres' }));
    await world.database.query('alter table contacts drop constraint no_canary');
    expect(failed.status).toBe(500);
    const lines = await api.linesOf('refused-by-postgres');

    expect(lines).toContainEqual(expect.objectContaining({ level: 'error', code: 'internal_error', reason: '23514' }));
    expect(api.lines().length).toBeGreaterThan(20);
    const secrets = [...Object.values(CANARIES), world.key, world.key.slice(8, 40), world.settings.apiKeyPepper];
    expect(secrets.filter((secret) => api.output.includes(secret))).toEqual([]);
    expect(api.output).not.toContain(new URL(world.settings.databaseUrl).password || 'no password');
  });

  it.each([
    ['JSON', () => json(batch({ scheduledStartTime: later() }))],
    ['a form', () => ({ body: aForm(CSV, { scheduledStartTime: later() }), headers: {} })],
  ])('has the id of the request in every line of a create by %s', async (kind, init) => {
    const requestId = `create-${kind.length}`;
    const { body, headers } = init();
    const answer = await send('POST', '/batch/create', { body, headers: { ...headers, 'x-request-id': requestId } });
    expect(answer.status).toBe(200);
    const lines = await api.linesOf(requestId);
    expect(lines.map(({ msg }) => msg)).toEqual(['batch created', 'request answered']);
    expect(lines[0]).toMatchObject({ batchJobId: answer.body.batchJobId, contacts: 1 });
  });

  it('has the facts of one line in that line alone', async () => {
    await send('POST', '/batch/create', json(batch(), { 'x-request-id': 'two-lines' }));
    const [, answered] = await api.linesOf('two-lines');
    expect(Object.keys(answered ?? {}).toSorted()).toEqual(
      ['context', 'durationMs', 'level', 'method', 'msg', 'path', 'requestId', 'status', 'time'].toSorted(),
    );
  });

  it('has one line for a move, with what was decided, and one for the answer', async () => {
    const created = await send('POST', '/batch/create', json(batch()));
    const path = `/batch/jobs/${String(created.body.batchJobId)}/reschedule?scheduledStartTime=${later()}`;
    await send('PATCH', path, { headers: { 'x-request-id': 'a-move' } });
    expect(await api.linesOf('a-move')).toEqual([
      expect.objectContaining({
        level: 'info',
        msg: 'batch rescheduled',
        batchJobId: created.body.batchJobId,
        revision: 1,
        startsAt: expect.any(String),
        actor: expect.stringMatching(/^key_/),
      }),
      expect.objectContaining({ msg: 'request answered', method: 'PATCH', path: path.split('?')[0], status: 200 }),
    ]);
  });

  it.each([
    ['a refusal', 'GET', `/batch/jobs/${UNKNOWN_ID}`, {}, 404],
    ['a wrong key', 'GET', '/batch/jobs', { authorization: 'Bearer x' }, 401],
    ['an unknown route', 'GET', '/nowhere', {}, 404],
  ])('has a line for %s', async (kind, method, path, headers, status) => {
    const requestId = kind.replaceAll(' ', '-');
    await send(method, path, { headers: { ...headers, 'x-request-id': requestId } });
    expect(await api.linesOf(requestId)).toEqual([
      expect.objectContaining({ msg: 'request answered', method, path, status, durationMs: expect.any(Number) }),
    ]);
  });

  it('tells of an upload that was cut off', async () => {
    const lines = [
      'POST /batch/create HTTP/1.1',
      'Host: test',
      `Authorization: Bearer ${world.key}`,
      'X-Request-Id: cut-off',
      'Content-Type: multipart/form-data; boundary=b',
      'Content-Length: 10000',
      '',
      `--b\r\nContent-Disposition: form-data; name="file"; filename="c.csv"\r\n\r\n${CSV}`,
    ];
    const socket = connect(api.port, '127.0.0.1');
    socket.write(lines.join('\r\n'));
    await new Promise((resolve) => {
      socket.once('connect', resolve);
    });
    // Once the key was looked at the upload is being read.
    await eventually(async () => {
      const [row] = await world.database.query<{ used: boolean }[]>(
        `select bool_or(last_used_at is not null) as used from api_keys`,
      );
      expect(row?.used).toBe(true);
    });
    socket.destroy();
    expect(await api.linesOf('cut-off')).toContainEqual(expect.objectContaining({ status: 'aborted' }));
    expect(api.output).not.toContain(CANARIES.number);
  });

  it('is JSON, a line each, with level and time', () => {
    for (const line of api.lines()) {
      expect(line).toMatchObject({
        level: expect.any(String),
        time: expect.stringMatching(/Z$/),
        msg: expect.any(String),
      });
    }
  });
});
