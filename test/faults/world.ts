import { join } from 'node:path';
import { runMigrations } from '../../src/database/data-source.js';
import { anOrganization } from '../support/an-organization.js';
import { freePort } from '../support/programs.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import type { Backdated, Outage } from './evidence.js';
import { PostgresServer } from './postgres-server.js';
import { RecordingClient } from './recording-client.js';
import { RedisStore } from './redis-store.js';
import { ServiceProcess } from './service-process.js';

const PEPPER = 'a pepper that is only good for tests';
const PREFIX = '{faults}';

/** A whole service of a fault's own: two servers behind proxies, one API and two workers, each a process. */
export class World {
  /** Times in which nothing could be started. */
  outages: Outage[] = [];
  /** Batches whose start was moved into the past behind the service's back. */
  backdated = new Map<string, Backdated>();
  /** Queue jobs that the fault made up. */
  foreign = new Set<string>();

  private constructor(
    readonly postgres: PostgresServer,
    readonly redis: RedisStore,
    readonly postgresProxy: TcpProxy,
    readonly redisProxy: TcpProxy,
    readonly client: RecordingClient,
    readonly key: string,
    readonly api: ServiceProcess,
    readonly workers: readonly ServiceProcess[],
  ) {}

  static async create(): Promise<World> {
    const postgres = await PostgresServer.create();
    await runMigrations(postgres.url);
    const redis = await RedisStore.create(join(postgres.path, 'redis'));
    const servers = { databaseUrl: postgres.url, redisUrl: redis.url };
    const key = await anOrganization({ ...servers, redisKeyPrefix: PREFIX, apiKeyPepper: PEPPER }, 0);
    const [postgresProxy, redisProxy] = [await TcpProxy.start(postgres.url), await TcpProxy.start(redis.url)];
    const port = await freePort();
    const environment = (): Record<string, string> => ({
      DATABASE_URL: postgresProxy.url,
      REDIS_URL: redisProxy.url,
      REDIS_KEY_PREFIX: PREFIX,
      API_KEY_PEPPER: PEPPER,
      RATE_LIMIT_PER_MINUTE: '1000000',
      DIALER: 'simulated',
      PORT: String(port),
      LOG_LEVEL: 'debug',
      // Crowds are as large as a round makes them.
      MAX_UPLOADS_PER_KEY: '10000',
      MAX_UPLOADS: '10000',
    });
    const url = `http://127.0.0.1:${port}`;
    const answers = () =>
      fetch(`${url}/health`).then(
        () => true,
        () => false,
      );
    const api = new ServiceProcess('api', 'main', environment, answers);
    const workers = ['worker 1', 'worker 2'].map((name) => new ServiceProcess(name, 'worker', environment));
    const client = new RecordingClient(() => url, key);
    return new World(postgres, redis, postgresProxy, redisProxy, client, key, api, workers);
  }

  get processes(): readonly ServiceProcess[] {
    return [this.api, ...this.workers];
  }

  /** Name of a key of the queue. */
  readonly queueKey = (name: string): string => `${PREFIX}:batch-start:${name}`;

  /** Everything there and undisturbed, whatever was done to it. */
  async heal(): Promise<void> {
    this.redis.thaw();
    await Promise.all([this.postgres.start(), this.redis.start()]);
    await Promise.all([this.postgresProxy.heal(), this.redisProxy.heal()]);
    await Promise.all(this.processes.map((process) => process.start()));
    await Promise.all(this.processes.map((process) => process.skew(0)));
  }

  /** Something during which nothing can be started. */
  async without(disturb: () => Promise<unknown>): Promise<void> {
    const from = Date.now();
    await disturb();
    this.outages.push({ from, to: Date.now() });
  }

  async end(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.kill()));
    await Promise.all([this.postgresProxy.stop(), this.redisProxy.stop()]);
    await this.redis.kill();
    await this.postgres.remove();
  }
}
