import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  Catch,
  Controller,
  Get,
  Injectable,
  Module,
  NotFoundException,
  Param,
  ParseIntPipe,
  type ArgumentsHost,
  type ExceptionFilter,
  type INestApplication,
} from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { BatchJobsModule, BatchJobsService, RescheduleService, type BatchJobsOptions } from '../../src/index.js';
import { ExportRepository } from '../../src/batch-jobs/export.repository.js';
import { aBatch, aForm, TestApp, UNKNOWN_ID, type Answer } from '../support/test-app.js';

/** Brings the database, the keys and the eyes of the tests; the hosts below are what is tested. */
let world: TestApp;
beforeAll(async () => {
  world = await TestApp.start();
});
afterAll(() => world.stop());

@Controller('orders')
class OrdersController {
  @Get(':id')
  find(@Param('id', ParseIntPipe) id: number): object {
    if (id === 0) throw new NotFoundException('no such order');
    return { id };
  }
}

/** Marks what passes it, and gives it Nest's usual body. */
@Catch()
@Injectable()
class HostFilter implements ExceptionFilter {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const status = error instanceof Error && 'getStatus' in error ? (error.getStatus as () => number)() : 500;
    this.adapterHost.httpAdapter.reply(host.switchToHttp().getResponse<unknown>(), { hostSays: status }, status);
  }
}

@Module({ controllers: [OrdersController] })
class OrdersModule {}

@Module({})
class ConfigModule {}

const options = (): BatchJobsOptions => world.settings;
const late = { imports: [ConfigModule], useFactory: async (): Promise<BatchJobsOptions> => options() };

const MODULES = {
  forRoot: (mountHttp: boolean) => BatchJobsModule.forRoot({ ...options(), mountHttp }),
  forRootAsync: (mountHttp: boolean) => BatchJobsModule.forRootAsync({ ...late, mountHttp }),
};
const ADAPTERS = { Express: () => new ExpressAdapter(), Fastify: () => new FastifyAdapter() };

/** A plain Nest application: no filter, pipe or guard of its own unless it is given one. */
const host = async (
  adapter: keyof typeof ADAPTERS,
  way: keyof typeof MODULES,
  mountHttp: boolean,
  prepare: (app: INestApplication) => void = () => undefined,
): Promise<INestApplication> => {
  @Module({ imports: [OrdersModule, MODULES[way](mountHttp)] })
  class HostModule {}
  const app = await NestFactory.create(HostModule, ADAPTERS[adapter](), {
    logger: false,
    abortOnError: false,
    forceCloseConnections: true,
  });
  prepare(app);
  await app.listen(0, '127.0.0.1');
  return app;
};

const CASES = [
  ['Express', 'forRoot'],
  ['Express', 'forRootAsync'],
  ['Fastify', 'forRoot'],
  ['Fastify', 'forRootAsync'],
] as const;

describe.each(CASES)('a host on %s with %s', (adapter, way) => {
  let app: INestApplication;
  let url: string;
  beforeAll(async () => {
    app = await host(adapter, way, true);
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  const send = async (method: string, path: string, init: RequestInit = {}, key = world.key): Promise<Answer> => {
    const headers = new Headers(init.headers);
    if (key !== '') headers.set('authorization', `Bearer ${key}`);
    const response = await fetch(`${url}${path}`, { ...init, method, headers });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
  const json = (body: unknown): RequestInit => ({
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  const LATER = new URLSearchParams({ scheduledStartTime: later(), timezone: 'America/New_York' }).toString();

  it('creates by JSON, moves, shows, starts and cancels', async () => {
    const created = await send('POST', '/batch/create', json({ ...aBatch(), scheduledStartTime: later() }));
    expect(created).toMatchObject({ status: 200, body: { success: true, status: 'scheduled' } });
    const path = `/batch/jobs/${created.body.batchJobId}`;
    expect(await send('PATCH', `${path}/reschedule?${LATER}`)).toMatchObject({
      status: 200,
      body: { message: 'Rescheduled successfully (old job cancelled)', timezone: 'America/New_York' },
    });
    expect(await send('GET', path)).toMatchObject({ status: 200, body: { scheduleRevision: 2 } });
    expect(await send('GET', `${path}/redis-status`)).toMatchObject({
      body: { redisJobInfo: { in_defer_queue: true } },
    });
    expect(await send('POST', `${path}/start`)).toMatchObject({ status: 200, body: { status: 'running' } });
    expect(await send('POST', `${path}/cancel`)).toMatchObject({ status: 200, body: { contactsCancelled: 2 } });
    expect((await send('GET', '/batch/jobs?pageSize=1')).body.batchJobs[0].id).toBe(created.body.batchJobId);
  });

  it('refuses bodies that are too deep, too wide, compressed, or have too much beside their list', async () => {
    const deep = `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`;
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, 1])));
    const path = `/batch/jobs/${UNKNOWN_ID}`;
    for (const [method, route] of [
      ['PATCH', path],
      ['POST', `${path}/export`],
      ['POST', '/batch/create'],
    ] as const) {
      expect(await send(method, route, { ...json(null), body: deep })).toMatchObject({ status: 400 });
      const coded = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      const gzipped = { body: gzipSync('{}'), headers: coded };
      expect(await send(method, route, gzipped)).toMatchObject({ status: 415 });
    }
    const named = await send('PATCH', path, { ...json(null), body: wide });
    expect([named.status, named.body.errors.length]).toEqual([400, 20]);
    const beside = { ...aBatch(), description: 'x'.repeat(66_000) };
    expect(await send('POST', '/batch/create', json(beside))).toMatchObject({ status: 413 });
    expect(await send('PATCH', path, json({ name: 'x'.repeat(66_000) }))).toMatchObject({ status: 413 });
  });

  it('creates by a form, with the id of the request in its history', async () => {
    const init = { body: aForm('phone,name\n+12025550123,Ada\n'), headers: { 'x-request-id': 'from-a-form' } };
    const { status, headers, body } = await send('POST', '/batch/create', init);
    expect({ status, body }).toMatchObject({ status: 200, body: { totalContacts: 1 } });
    expect(headers.get('x-request-id')).toBe('from-a-form');
    const history: unknown = await world.database.query(
      'select request_id from batch_job_history where batch_job_id = $1',
      [body.batchJobId],
    );
    expect(history).toEqual([{ request_id: 'from-a-form' }]);
  });

  it('lists contacts, exports them, tells what happens, and deletes', async () => {
    const created = await send('POST', '/batch/create', json(aBatch()));
    const path = `/batch/jobs/${created.body.batchJobId}`;
    expect((await send('GET', `${path}/contacts?pageSize=1`)).body).toMatchObject({ total: 2, hasMore: true });
    expect(await send('POST', `${path}/export`)).toMatchObject({ status: 400, body: { code: 'invalid_status' } });
    await send('POST', `${path}/cancel`);

    const file = await send('POST', `${path}/export`, json({ filter: 'all' }));
    expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="batch_\w+\.csv"$/);
    expect(file.body).toMatch(
      /^phone,name,call\.status,.*\r\n'\+12025550123,Ada,cancelled,.*\r\n'\+442079460123,,cancelled,.*\r\n$/,
    );
    const events = await send('GET', `${path}/events`);
    expect(events.headers.get('content-type')).toBe('text/event-stream');
    expect(events.body).toMatch(
      /^retry: 2000\n\nevent: status\n[^]*\nevent: end\nid: end\ndata: {"status":"cancelled"}\n\n$/,
    );
    expect((await send('GET', `${path}/events`, { headers: { 'last-event-id': 'end' } })).status).toBe(204);

    expect((await send('DELETE', path)).body).toMatchObject({ success: true, contactsDeleted: 2 });
    expect(await send('GET', `${path}/events`)).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
  });

  it('shows numbers that JavaScript would round as they are in the database', async () => {
    const { body } = await send('POST', '/batch/create', json(aBatch()));
    const data = '{"phone":"+12025550123","crmId":9007199254740993}';
    await world.database.query('update contacts set contact_data = $2 where batch_job_id = $1 and position = 1', [
      body.batchJobId,
      data,
    ]);
    for (const path of [`/batch/jobs/${body.batchJobId}`, `/batch/jobs/${body.batchJobId}/contacts`]) {
      const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${world.key}` } });
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(await answer.text()).toContain(`"contactData":${data}`);
    }
  });

  it('breaks the connection when an export fails in the middle', async () => {
    const created = await send('POST', '/batch/create', json(aBatch()));
    const path = `/batch/jobs/${created.body.batchJobId}`;
    await send('POST', `${path}/cancel`);
    // As many as are not there any more when the second piece is read.
    await world.database.query('update batch_jobs set total_contacts = 4000 where id = $1', [created.body.batchJobId]);
    const exports = app.get(ExportRepository, { strict: false });
    const readPiece = exports.readPiece.bind(exports);
    exports.readPiece = async (...given) => (given[1].after === 0 ? readPiece(...given) : null);
    try {
      await expect(send('POST', `${path}/export`)).rejects.toThrow('terminated');
    } finally {
      exports.readPiece = readPiece;
    }
  });

  it.each([
    ['JSON', () => json(aBatch())],
    ['a form', () => ({ body: aForm('phone,name\n+12025550123,Ada\n') })],
  ])('answers a create by %s that is sent again as before, and changes only what was seen', async (_, init) => {
    const again = async (): Promise<Answer> => {
      const { headers, ...rest } = init() as RequestInit;
      return send('POST', '/batch/create', { ...rest, headers: { ...headers, 'idempotency-key': key } });
    };
    const key = randomUUID();
    const [first, second] = [await again(), await again()];
    expect([second.status, second.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect(second.body).toEqual(first.body);

    const path = `/batch/jobs/${first.body.batchJobId}`;
    const etag = (await send('GET', path)).headers.get('etag') ?? '';
    expect(etag).toBe(first.body.etag);
    const headers = { 'if-match': etag };
    expect((await send('GET', path, { headers: { 'if-none-match': etag } })).status).toBe(200);
    expect((await send('PATCH', `${path}/reschedule?${LATER}&reason=storm`, { headers })).status).toBe(200);
    expect((await send('POST', `${path}/cancel`, { headers })).status).toBe(412);
    expect((await send('GET', `${path}/history`)).body.history[0].reason).toBe('storm');
  });

  it.each([
    ['no key', 'GET', '/batch/jobs', '', 401, 'invalid_api_key'],
    ['a wrong key', 'PATCH', `/batch/jobs/${UNKNOWN_ID}/reschedule`, 'bj_live_x', 401, 'invalid_api_key'],
    ['an unknown job', 'GET', `/batch/jobs/${UNKNOWN_ID}`, undefined, 404, 'job_not_found'],
    ['an unknown parameter', 'GET', '/batch/jobs?pagesize=1', undefined, 400, 'invalid_request'],
    ['a parameter given twice', 'GET', '/batch/jobs?page=1&page=1', undefined, 400, 'invalid_request'],
    [
      'a start that is none',
      'PATCH',
      `/batch/jobs/${UNKNOWN_ID}/reschedule?scheduledStartTime=x`,
      undefined,
      400,
      'invalid_datetime',
    ],
    ['no body', 'POST', '/batch/create', undefined, 415, 'unsupported_media_type'],
  ])('answers %s with problem details', async (_, method, path, key, status, code) => {
    const answer = await send(method, path, {}, key);
    expect(answer).toMatchObject({ status, body: { status, code, success: false } });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body.instance).toBe(answer.headers.get('x-request-id'));
    expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
  });

  it('answers a scope that lacks with problem details', async () => {
    const answer = await send('POST', '/batch/create', json(aBatch()), await world.keyWith(['jobs:read']));
    expect(answer).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
  });

  it("leaves the host's own routes as they were", async () => {
    expect(await send('GET', '/orders/7', {}, '')).toMatchObject({ status: 200, body: { id: 7 } });
    const missing = await send('GET', '/orders/0', {}, '');
    expect(missing).toMatchObject({ status: 404, body: { statusCode: 404, message: 'no such order' } });
    const refused = await send('GET', '/orders/seven', {}, '');
    expect(refused).toMatchObject({ status: 400, body: { statusCode: 400 } });
    const unknown = await send('GET', '/nowhere', {}, '');
    expect(unknown).toMatchObject({ status: 404, body: { statusCode: 404 } });
    for (const { headers } of [missing, refused, unknown]) {
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      expect(headers.get('x-request-id')).toBeNull();
      expect(headers.get('x-ratelimit-limit')).toBeNull();
    }
    expect((await send('GET', '/health', {}, '')).status).toBe(404);
    expect((await send('GET', '/docs', {}, '')).status).toBe(404);
  });
});

describe.each(['Express', 'Fastify'] as const)('a host on %s', (adapter) => {
  it('keeps its own filter, and a prefix moves ours with the rest', async () => {
    const app = await host(adapter, 'forRoot', true, (each) => {
      each.setGlobalPrefix('api');
      each.useGlobalFilters(new HostFilter(each.get(HttpAdapterHost)));
    });
    try {
      const url = await app.getUrl();
      const get = async (path: string, headers = {}) => {
        const response = await fetch(`${url}/api${path}`, { headers });
        return { status: response.status, body: await response.json() };
      };
      expect(await get('/orders/0')).toEqual({ status: 404, body: { hostSays: 404 } });
      expect(await get('/batch/jobs')).toMatchObject({ status: 401, body: { code: 'invalid_api_key' } });
      const key = { 'x-api-key': world.key };
      expect(await get(`/batch/jobs/${UNKNOWN_ID}`, key)).toMatchObject({
        status: 404,
        body: { code: 'job_not_found' },
      });
      expect(await get('/batch/jobs', key)).toMatchObject({ status: 200 });
    } finally {
      await app.close();
    }
  });

  it.each(['forRoot', 'forRootAsync'] as const)('has services only with %s and mountHttp false', async (way) => {
    const app = await host(adapter, way, false);
    try {
      const url = await app.getUrl();
      expect((await fetch(`${url}/batch/jobs`)).status).toBe(404);
      expect((await fetch(`${url}/orders/7`)).status).toBe(200);

      const caller = { organizationId: 'org_a', actor: 'host', requestId: null };
      const id = await world.create();
      const schedule = { startTime: later(), timezone: 'Europe/London' };
      const moved = await app.get(RescheduleService, { strict: false }).reschedule(caller, id, schedule);
      expect(moved).toMatchObject({ statusBefore: 'pending', start: { batchJobId: id, revision: 1 }, isArmed: true });
      expect((await world.delayed()).has(`${id}.r1`)).toBe(true);

      const stranger = { ...caller, organizationId: 'org_b' };
      await expect(app.get(BatchJobsService, { strict: false }).cancel(stranger, id)).rejects.toMatchObject({
        code: 'job_not_found',
      });
    } finally {
      await app.close();
    }
  });
});

/** A wall time a week ahead of the real clock, which is the hosts' own. */
function later(): string {
  return new Date(Date.now() + 7 * 24 * 60 * 60_000).toISOString().slice(0, 19);
}
