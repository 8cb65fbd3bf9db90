import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { anOrganization } from '../support/an-organization.js';
import { eventually } from '../support/eventually.js';
import { JobRows } from '../support/job-rows.js';
import { freePort, Program } from '../support/programs.js';
import { TestDatabase } from '../support/test-database.js';

// Real processes boot for a second or two each, on a machine that may be busy.
jest.setTimeout(60_000);

const settings = { apiKeyPepper: 'a pepper that is only good for tests', redisKeyPrefix: `{test-${randomUUID()}}` };

let testDatabase: TestDatabase;
let database: DataSource;
let key: string;
const open: (() => unknown)[] = [];
beforeAll(async () => {
  testDatabase = await TestDatabase.create();
  database = await new DataSource(dataSourceOptions(testDatabase.url, 5)).initialize();
  const redisUrl = process.env.TEST_REDIS_URL ?? '';
  key = await anOrganization({ ...settings, databaseUrl: testDatabase.url, redisUrl }, 0);
});
afterAll(async () => {
  for (const close of open.splice(0)) await close();
  await database.destroy();
  await testDatabase.drop();
});

async function anApi(more: Readonly<Record<string, string>> = {}): Promise<{ program: Program; port: number }> {
  const port = await freePort();
  const program = Program.run('dist/src/main.js', [], {
    DATABASE_URL: testDatabase.url,
    REDIS_URL: process.env.TEST_REDIS_URL ?? '',
    API_KEY_PEPPER: settings.apiKeyPepper,
    REDIS_KEY_PREFIX: settings.redisKeyPrefix,
    DIALER: 'simulated',
    PORT: String(port),
    ...more,
  });
  open.push(() => program.end('SIGKILL'));
  await eventually(() => fetch(`http://127.0.0.1:${port}/health`), 45_000);
  return { program, port };
}

/** Opens a connection, sends what there is to send, and says no more. */
async function slowClient(port: number, text: string): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (bytes) => (received += String(bytes)));
  socket.on('error', () => undefined);
  open.push(() => socket.destroy());
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return { socket, received: () => received };
}

const request = (line: string, ...headers: string[]): string =>
  [`${line} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${key}`, ...headers, '', ''].join('\r\n');
const aBody = (line: string): string => request(line, 'Content-Type: application/json', 'Content-Length: 1000') + '{';

describe('SIGTERM', () => {
  it('ends the API with code 0 within seconds, whoever has connected and says nothing', async () => {
    const { program, port } = await anApi();
    await slowClient(port, '');
    await slowClient(port, 'GET /health HTTP/1.1\r\nHost:');
    await slowClient(port, aBody('POST /batch/create'));
    await slowClient(port, aBody('PATCH /batch/jobs/batch_01ARZ3NDEKTSV4RRFFQ69G5FAV'));
    await fetch(`http://127.0.0.1:${port}/health`); // what came before was read before

    const from = performance.now();
    expect(await program.end('SIGTERM')).toBe(0);
    expect(performance.now() - from).toBeLessThan(9_000);
  });

  it('answers a request that has come, however long the database takes for it', async () => {
    const { program, port } = await anApi();
    const id = await new JobRows(database).add({ startsInMs: 3_600_000 });
    const holder = database.createQueryRunner();
    await holder.startTransaction();
    const [{ pid }] = await holder.query('select pg_backend_pid() as pid from batch_jobs where id = $1 for update', [
      id,
    ]);
    const { received } = await slowClient(port, request(`POST /batch/jobs/${id}/cancel`, 'Content-Length: 0'));
    await eventually(async () => {
      const waiting = await database.query('select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))', [
        pid,
      ]);
      if (waiting.length === 0) throw new Error('not at its statement yet');
    });

    // One without a request is borne for a second.
    const letGo = once((await slowClient(port, '')).socket, 'close');
    const ended = program.end('SIGTERM');
    await letGo;
    await holder.rollbackTransaction();
    await holder.release();

    expect(await ended).toBe(0);
    expect(received()).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('time', () => {
  it('is up after 15 s for headers that do not come, and for a body that stops', async () => {
    const { program, port } = await anApi();
    const slow = {
      nothing: await slowClient(port, ''),
      headers: await slowClient(port, 'GET /health HTTP/1.1\r\nHost:'),
      body: await slowClient(port, aBody('PATCH /batch/jobs/batch_01ARZ3NDEKTSV4RRFFQ69G5FAV')),
      list: await slowClient(port, aBody('POST /batch/create')),
    };
    const from = performance.now();
    await Promise.all(Object.values(slow).map(({ socket }) => once(socket, 'close')));

    expect(performance.now() - from).toBeLessThan(20_000);
    for (const [what, { received }] of Object.entries(slow)) {
      expect([what, received()]).toEqual([what, expect.stringMatching(/^HTTP\/1\.1 408 .*"code":"request_timeout"/s)]);
    }
    expect(await program.end('SIGTERM')).toBe(0);
  });
});

describe('API_DOCS', () => {
  const statuses = (port: number) =>
    Promise.all(
      ['/docs', '/docs/openapi.json', '/docs/openapi.yaml', '/docs/errors'].map(
        async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).status,
      ),
    );

  it('on shows what there is, off keeps all but what errors mean to itself', async () => {
    const [shown, hidden] = await Promise.all([anApi(), anApi({ API_DOCS: 'off' })]);

    expect(await statuses(shown.port)).toEqual([200, 200, 200, 200]);
    expect(await statuses(hidden.port)).toEqual([404, 404, 404, 200]);
  });

  it('answers others while many read the document', async () => {
    const { port } = await anApi();
    const read = async () => (await fetch(`http://127.0.0.1:${port}/docs/openapi.yaml`)).text();
    const first = await read();
    const from = performance.now();
    const again = await Promise.all(Array.from({ length: 40 }, read));

    // Written anew, each takes 50 ms and more.
    expect(performance.now() - from).toBeLessThan(1_500);
    expect(new Set([first, ...again])).toEqual(new Set([first]));
    expect(first).toMatch(/^openapi: 3\.1\.0$/m);
  });
});
