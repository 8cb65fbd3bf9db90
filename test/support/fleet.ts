import { randomUUID } from 'node:crypto';
import { anOrganization } from './an-organization.js';
import { eventually } from './eventually.js';
import { freePort, Program } from './programs.js';

const PEPPER = 'a pepper that is only good for tests';

export interface FleetOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** @default 1 */
  readonly apis?: number;
  /** @default 2 */
  readonly workers?: number;
  /** More of the environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** One process of a fleet. */
export class Member {
  program: Program | null = null;

  constructor(
    private readonly script: string,
    private readonly environment: Readonly<Record<string, string>>,
    readonly url: string,
    private readonly isUp: () => Promise<unknown>,
  ) {}

  /** Everything it printed since it was started last. */
  get output(): string {
    return this.program?.output ?? '';
  }

  async start(): Promise<void> {
    this.program = Program.run(this.script, [], this.environment);
    await eventually(this.isUp, 120_000).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.output}`);
    });
  }

  /** @returns the exit code */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    return (await this.program?.end(signal)) ?? null;
  }
}

/** What an API answered. */
export interface FleetAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The compiled service as it is deployed: some APIs and some workers, each a process, on servers of the test's. */
export class Fleet {
  private constructor(
    readonly key: string,
    readonly apis: readonly Member[],
    readonly workers: readonly Member[],
  ) {}

  static async start({ apis = 1, workers = 2, environment = {}, ...servers }: FleetOptions): Promise<Fleet> {
    const redisKeyPrefix = `{test-${randomUUID()}}`;
    const key = await anOrganization({ ...servers, apiKeyPepper: PEPPER, redisKeyPrefix }, 0);
    const common = {
      DATABASE_URL: servers.databaseUrl,
      REDIS_URL: servers.redisUrl,
      API_KEY_PEPPER: PEPPER,
      REDIS_KEY_PREFIX: redisKeyPrefix,
      RATE_LIMIT_PER_MINUTE: '1000000',
      DIALER: 'simulated',
      ...environment,
    };
    const member = async (role: 'main' | 'worker'): Promise<Member> => {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const path = role === 'main' ? '/timezones/version' : '/metrics';
      const more = { PORT: String(port), METRICS_PORT: String(port) };
      return new Member(`dist/src/${role}.js`, { ...common, ...more }, url, () => fetch(`${url}${path}`));
    };
    const of = async (role: 'main' | 'worker', count: number): Promise<Member[]> => {
      const members: Member[] = [];
      while (members.length < count) members.push(await member(role));
      return members;
    };
    const fleet = new Fleet(key, await of('main', apis), await of('worker', workers));
    await Promise.all([...fleet.apis, ...fleet.workers].map((each) => each.start()));
    return fleet;
  }

  /** @throws when no answer comes: a refused or a broken connection */
  async send(method: string, path: string, body?: object, api: Member = this.apis[0]): Promise<FleetAnswer> {
    const headers = { authorization: `Bearer ${this.key}`, ...(body && { 'content-type': 'application/json' }) };
    const answer = await fetch(`${api.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  /** A batch of one contact, whom nobody calls. */
  create(startsAt: Date, api?: Member): Promise<FleetAnswer> {
    const contacts = [{ phone: '+12025550123' }];
    const scheduledStartTime = startsAt.toISOString();
    return this.send(
      'POST',
      '/batch/create',
      { name: 'b', fromPhoneNumberId: 'phone_a', contacts, scheduledStartTime },
      api,
    );
  }

  move(id: string, startsAt: Date, api?: Member): Promise<FleetAnswer> {
    const query = new URLSearchParams({ scheduledStartTime: startsAt.toISOString() }).toString();
    return this.send('PATCH', `/batch/jobs/${id}/reschedule?${query}`, undefined, api);
  }

  async kill(): Promise<void> {
    await Promise.all([...this.apis, ...this.workers].map((each) => each.end('SIGKILL')));
  }
}

export const inMs = (ms: number): Date => new Date(Date.now() + ms);
