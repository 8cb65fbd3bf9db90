import type { Provider } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { getDataSourceToken } from '@nestjs/typeorm';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { ApiKeysService } from '../../src/access/api-keys.service.js';
import { OrganizationsService } from '../../src/access/organizations.service.js';
import type { Scope } from '../../src/access/scopes.js';
import type { BatchJobStatus } from '../../src/batch-jobs/batch-job.status.js';
import type { ContactStatus } from '../../src/batch-jobs/contact.status.js';
import { AppModule } from '../../src/app.module.js';
import { Dialer } from '../../src/calling/dialer.js';
import { configureHttpApp, createAdapter } from '../../src/http-app.js';
import { firingTimesOf } from '../../src/queue/delayed-set.js';
import { Clock } from '../../src/shared/clock.js';
import { DATA_SOURCE_NAME } from '../../src/shared/database.js';
import { withDefaults, type Settings, type SettingsInput } from '../../src/shared/settings.js';
import { NoCalls } from './no-calls.js';
import { TestClock } from './test-clock.js';
import { patientSource, TestDatabase } from './test-database.js';

export interface TestAppOptions {
  /** Beyond the servers and the prefix, which are the test's own. */
  readonly settings?: Partial<SettingsInput>;
  /** Starts batches as well: consumer, sweep and reconciliation run. @default false */
  readonly consumeQueues?: boolean;
  /** What places the calls of `org_a` and `org_b`. @default nothing: their call limit is 0 */
  readonly dialer?: Dialer;
  /**
   * Where the service finds its database: a proxy in front of it, say. @default the database itself, and more patience
   * than the service has: a busy machine is not an outage
   */
  readonly databaseUrl?: (direct: string) => Promise<string>;
  /** Replaces providers. */
  readonly override?: (module: TestingModuleBuilder) => TestingModuleBuilder;
}

/** An answer with its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads any body
  readonly body: any;
}

/** The standalone service on a port of its own, with a database, a Redis prefix and two organizations of its own. */
export class TestApp {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly settings: Settings,
    readonly url: string,
    /** Key of `org_a`, with all scopes; its number is `phone_a`. */
    readonly key: string,
    /** Key of `org_b`, with all scopes; its number is `phone_b`. */
    readonly otherKey: string,
    readonly clock: TestClock,
    readonly database: DataSource,
    readonly redis: Redis,
    private readonly testDatabase: TestDatabase,
  ) {}

  static async start({
    settings = {},
    consumeQueues = false,
    dialer,
    databaseUrl,
    override = (m) => m,
  }: TestAppOptions = {}): Promise<TestApp> {
    const testDatabase = await TestDatabase.create();
    const database = await testDatabase.connect();
    await TestClock.prepare(database);
    const complete = withDefaults({
      ...testDatabase.settings,
      ...(databaseUrl && { databaseUrl: await databaseUrl(testDatabase.settings.databaseUrl) }),
      redisUrl: process.env.TEST_REDIS_URL ?? '',
      redisKeyPrefix: `{test-${randomUUID()}}`,
      apiKeyPepper: 'a pepper that is only good for tests',
      rateLimitPerMinute: 1_000_000,
      ...settings,
    });
    const clock = new TestClock();
    const module = Test.createTestingModule({
      imports: [AppModule.forRole(complete, { mountHttp: true, consumeQueues, dialer: aDialer(dialer) })],
    })
      .overrideProvider(Clock)
      .useValue(clock);
    if (!databaseUrl) {
      const { databaseUrl: url, databasePoolSize, databasePooler } = complete;
      module
        .overrideProvider(getDataSourceToken(DATA_SOURCE_NAME))
        .useFactory({ factory: () => patientSource(url, databasePoolSize, databasePooler) });
    }
    const compiled = await override(module).compile();
    const app = compiled.createNestApplication<NestFastifyApplication>(createAdapter(complete), {
      logger: false,
      forceCloseConnections: true,
    });
    await configureHttpApp(app);
    await app.listen(0, '127.0.0.1');
    const [key, otherKey] = [await organization(app, 'a'), await organization(app, 'b')];
    if (!dialer) await database.query('update organizations set concurrent_call_limit = 0');
    const redis = new Redis(complete.redisUrl);
    return new TestApp(app, complete, await app.getUrl(), key, otherKey, clock, database, redis, testDatabase);
  }

  /** A key of `org_a` with other scopes. */
  async keyWith(scopes: readonly Scope[], expiresAt: Date | null = null): Promise<string> {
    const { key } = await this.app.get(ApiKeysService, { strict: false }).create({
      organizationId: 'org_a',
      name: 'test',
      scopes,
      expiresAt,
    });
    return key;
  }

  /** @param key null sends none */
  async send(method: string, path: string, init: RequestInit = {}, key: string | null = this.key): Promise<Answer> {
    const headers = new Headers(init.headers);
    if (key !== null) headers.set('authorization', `Bearer ${key}`);
    const response = await fetch(`${this.url}${path}`, { ...init, method, headers });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  get(path: string, key?: string | null): Promise<Answer> {
    return this.send('GET', path, {}, key);
  }

  post(path: string, body?: unknown, key?: string | null): Promise<Answer> {
    const init =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return this.send('POST', path, init, key);
  }

  /** Uploads a CSV as a browser does, the fields first. */
  upload(csv: string | Uint8Array<ArrayBuffer>, fields: Readonly<Record<string, string>> = {}, key?: string | null) {
    return this.postForm(aForm(csv, fields), key);
  }

  postForm(body: FormData, key?: string | null): Promise<Answer> {
    return this.send('POST', '/batch/create', { body }, key);
  }

  reschedule(id: string, query: Readonly<Record<string, string>>, key?: string | null): Promise<Answer> {
    return this.send('PATCH', `/batch/jobs/${id}/reschedule?${new URLSearchParams(query).toString()}`, {}, key);
  }

  /** Creates a job over HTTP. @returns its id */
  async create(fields: Readonly<Record<string, unknown>> = {}, key?: string | null): Promise<string> {
    const { status, body } = await this.post('/batch/create', { ...aBatch(), ...fields }, key);
    if (status !== 200) throw new Error(`not created: ${JSON.stringify(body)}`);
    return body.batchJobId as string;
  }

  /** Puts a job into a status as if it had got there, behind the service's back. */
  async setStatus(id: string, status: BatchJobStatus): Promise<void> {
    const hasStarted = ['running', 'paused', 'completed'].includes(status);
    await this.database.transaction(async (manager) => {
      // Without the trigger that would refuse a status which cannot be got to.
      await manager.query('set local session_replication_role = replica');
      await manager.query(
        `update batch_jobs set status = $2, started_at = case when $3 then clock_timestamp() end,
                starts_at = case when $2 = 'pending' then null else starts_at end where id = $1`,
        [id, status, hasStarted],
      );
    });
  }

  /** Sets the status of the contact at a place of the list, from 1. */
  async setContactStatus(id: string, position: number, status: ContactStatus): Promise<void> {
    await this.database.query('update contacts set status = $3 where batch_job_id = $1 and position = $2', [
      id,
      position,
      status,
    ]);
  }

  /** Takes a queue job out of Redis behind the service's back. */
  async loseQueueJob(queueJobId: string): Promise<void> {
    const queue = `${this.settings.redisKeyPrefix}:batch-start`;
    await this.redis.zrem(`${queue}:delayed`, queueJobId);
    await this.redis.del(`${queue}:${queueJobId}`);
  }

  /** Everything that is kept of batch jobs, for showing that nothing of it was changed. */
  async everything(): Promise<object> {
    const tables = ['batch_jobs', 'batch_job_history', 'batch_job_starts', 'contact_counts', 'contacts'];
    const digests = tables.map(
      (name) => `select '${name}' as name, count(*), md5(string_agg(t::text, ',' order by t::text)) from ${name} as t`,
    );
    const rows: unknown = await this.database.query(digests.join(' union all '));
    return { rows, delayed: await this.delayed() };
  }

  /** Sets the time for the process and for PostgreSQL; it goes on from there. */
  setNow(now: string): Promise<void> {
    return this.clock.set(now, this.database);
  }

  /** Ids of the delayed queue jobs with their scores' instants. */
  async delayed(): Promise<Map<string, string>> {
    const members = await this.redis.zrange(`${this.settings.redisKeyPrefix}:batch-start:delayed`, 0, -1, 'WITHSCORES');
    return new Map([...firingTimesOf(members)].map(([id, ms]) => [id, new Date(ms).toISOString()]));
  }

  async stop(): Promise<void> {
    await this.app.close();
    const keys = await this.redis.keys(`${this.settings.redisKeyPrefix.replace(/[{}]/g, '?')}*`);
    if (keys.length > 0) await this.redis.del(keys);
    this.redis.disconnect();
    await this.database.destroy();
    await this.testDatabase.drop();
  }
}

/** A body that is fine as it is: two contacts, no start. */
export const aBatch = () => ({
  name: 'March reminders',
  fromPhoneNumberId: 'phone_a',
  contacts: [{ phone: '+12025550123', name: 'Ada' }, { phone: '+442079460123' }],
});

/** A form that is fine as it is: a file, and the fields of a batch with `fields` over them. */
export const aForm = (
  csv: string | Uint8Array<ArrayBuffer>,
  fields: Readonly<Record<string, string>> = {},
): FormData => {
  const form = new FormData();
  const all = { name: 'March reminders', fromPhoneNumberId: 'phone_a', ...fields };
  for (const [name, value] of Object.entries(all)) form.append(name, value);
  form.append('file', new Blob([csv], { type: 'text/csv' }), 'contacts.csv');
  return form;
};

/** As many contacts as asked for, each with a number of its own. */
export const contacts = (count: number): { phone: string }[] =>
  Array.from({ length: count }, (_, at) => ({ phone: `+1202${String(5_550_000 + at)}` }));

/** An id of the right form that no job has. */
export const UNKNOWN_ID = 'batch_01ARZ3NDEKTSV4RRFFQ69G5FAV';

const aDialer = (dialer: Dialer = new NoCalls()): Provider => ({ provide: Dialer, useValue: dialer });

async function organization(app: NestFastifyApplication, letter: string): Promise<string> {
  const organizations = app.get(OrganizationsService, { strict: false });
  await organizations.ensure(`org_${letter}`, `Organization ${letter}`);
  await organizations.addPhoneNumber({
    id: `phone_${letter}`,
    organizationId: `org_${letter}`,
    phoneNumber: '+12025550100',
    outboundAgent: { id: `agent_${letter}`, channel: 'voice' },
  });
  const { key } = await app.get(ApiKeysService, { strict: false }).create({
    organizationId: `org_${letter}`,
    name: 'test',
    scopes: ['jobs:read', 'jobs:write'],
    expiresAt: null,
  });
  return key;
}
