import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runMigrations } from '../../src/database/data-source.js';
import { PostgresServer } from '../faults/postgres-server.js';
import { anOrganization } from './an-organization.js';
import { eventually } from './eventually.js';
import { freePort, Program } from './programs.js';
import { RedisServer } from './redis-server.js';

// Of a machine that is busy: a run that is well waits a few seconds.
const PATIENCE_MS = 120_000;

const PEPPER = 'a pepper that is only good for tests';

/** What a world is made of. */
export interface WorldOptions {
  readonly organizationLimit: number;
  readonly batchLimit: number;
  /** Where calls are posted. */
  readonly callsUrl: string;
  /** Arguments of Node.js for the workers. */
  readonly workerArgs?: readonly string[];
}

/** The API, two workers and servers of their own, with a call service that the test plays. */
export class CallingWorld {
  private readonly programs = new Map<string, Program>();
  private readonly ended: Program[] = [];
  private isOver = false;

  private constructor(
    readonly postgres: PostgresServer,
    readonly redis: RedisServer,
    private readonly key: string,
    private readonly url: string,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly options: WorldOptions,
  ) {}

  static async create(options: WorldOptions): Promise<CallingWorld> {
    const [postgres, redis] = [await PostgresServer.create(), await RedisServer.create()];
    await runMigrations(postgres.url);
    const servers = { databaseUrl: postgres.url, redisUrl: redis.url };
    const key = await anOrganization({ ...servers, apiKeyPepper: PEPPER }, options.organizationLimit);
    const port = String(await freePort());
    const environment = {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      API_KEY_PEPPER: PEPPER,
      RATE_LIMIT_PER_MINUTE: '1000000',
      PORT: port,
      DIALER: 'http',
      HTTP_DIALER_URL: options.callsUrl,
      HTTP_DIALER_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
      DIAL_TIMEOUT_SECONDS: '2',
      RETRY_DELAYS_MINUTES: '0',
    };
    const url = `http://127.0.0.1:${port}`;
    const world = new CallingWorld(postgres, redis, key, url, environment, options);
    world.programs.set('api', Program.run('dist/src/main.js', [], environment));
    await eventually(async () => (await fetch(`${url}/health`)).text());
    for (const name of ['worker 1', 'worker 2']) world.startWorker(name);
    return world;
  }

  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all([...this.programs.values()].map((program) => program.end('SIGKILL')));
    await this.redis.kill();
    await this.postgres.remove();
  }

  /** Kills a worker, 1 or 2: it is started anew. */
  async restartWorker(which: number): Promise<void> {
    await this.programs.get(`worker ${which}`)?.end('SIGKILL');
  }

  /** Lines that the workers have logged, those of killed ones included. */
  get workerLines(): Readonly<Record<string, unknown>>[] {
    const workers = [...this.programs].flatMap(([name, program]) => (name === 'api' ? [] : [program]));
    return [...this.ended, ...workers].flatMap(({ output }) => output.split('\n').flatMap(readLine));
  }

  async send(method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
    const headers = { authorization: `Bearer ${this.key}`, ...(body && { 'content-type': 'application/json' }) };
    const answer = await fetch(`${this.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  /** A batch that is being called. @returns its id */
  async aRunningBatch(contacts: number): Promise<string> {
    const { batchLimit: concurrentCallLimit } = this.options;
    const list = Array.from({ length: contacts }, (_, at) => ({ phone: `+1202${5_000_000 + at}` }));
    const body = { name: 'b', fromPhoneNumberId: 'phone_a', concurrentCallLimit, maxAttempts: 2 };
    const { batchJobId } = await this.send('POST', '/batch/create', { ...body, contacts: list });
    await this.send('POST', `/batch/jobs/${String(batchJobId)}/start`);
    return String(batchJobId);
  }

  /** The one number that a statement on some batches, its `$1`, comes to. */
  async count(sql: string, ids: readonly string[]): Promise<number> {
    return Number((await this.postgres.ask<{ count: string }>(sql, [ids]))[0].count);
  }

  /** Waits until a statement finds nothing any more, letting leases end meanwhile. */
  async until(sql: string, ids: readonly string[], meanwhile: () => Promise<unknown> = async () => undefined) {
    await eventually(async () => {
      await this.passLeases(ids);
      await meanwhile();
      const found = await this.count(sql, ids);
      if (found > 0) throw new Error(`${found}: ${sql}`);
    }, PATIENCE_MS).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.keepLog()}`);
    });
  }

  /** Writes down what the programs printed. @returns where */
  private keepLog(): string {
    const file = join(tmpdir(), `batch-jobs-calls-${process.pid}.log`);
    const named = [...this.programs, ...this.ended.map((program) => ['killed worker', program] as const)];
    writeFileSync(file, named.map(([name, { output }]) => `== ${name}\n${output}`).join('\n'));
    return `what the programs printed: ${file}`;
  }

  /** Contacts that wait for their next call wait no longer. */
  passRetryDelays(ids: readonly string[]): Promise<unknown> {
    return this.postgres.ask(
      `update contacts set next_retry_at = clock_timestamp()
        where batch_job_id = any ($1) and status = 'queued' and next_retry_at > clock_timestamp()`,
      [ids],
    );
  }

  /** Lets time pass: what was placed seconds ago has ended long ago, as no call takes longer than that. */
  private passLeases(ids: readonly string[]): Promise<unknown> {
    return this.postgres.ask(
      `update call_attempts set lease_ends_at = clock_timestamp() - interval '1 second'
        where batch_job_id = any ($1) and ended_at is null and placed_at < clock_timestamp() - interval '5 seconds'`,
      [ids],
    );
  }

  /** As whatever looks after processes does: one that has ended is started anew. */
  private goOn(name: string, worker: Program): void {
    this.ended.push(worker);
    if (!this.isOver) this.startWorker(name);
  }

  private startWorker(name: string): void {
    const { workerArgs = [] } = this.options;
    const [script, ...args] = [...workerArgs, 'dist/src/worker.js'];
    const worker = Program.run(script, args, this.environment);
    this.programs.set(name, worker);
    void worker.exited.then(() => this.goOn(name, worker));
  }
}

const readLine = (line: string): Readonly<Record<string, unknown>>[] => {
  try {
    return [JSON.parse(line) as Record<string, unknown>];
  } catch {
    return [];
  }
};
