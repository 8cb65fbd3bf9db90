import { readFileSync } from 'node:fs';
import type { Client } from 'pg';
import { runMigrations } from '../src/database/data-source.js';
import { withServers, type Program, type Servers } from './servers.js';

/** The organization that all of it belongs to, and its number. */
export const ORGANIZATION = 'org_bench';
export const PHONE_NUMBER = 'phone_bench';
/** Before every key of ours in Redis. */
export const REDIS_PREFIX = '{batch-jobs}';

/** How each role is started in production, as package.json has it. */
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const argumentsOf = (script: string): readonly string[] => scripts[script].split(' ').slice(1);
const ROLES = {
  api: { args: argumentsOf('start:api'), path: '/health' },
  worker: { args: argumentsOf('start:worker'), path: '/metrics' },
};
export type Role = keyof typeof ROLES;

const SCOPES = 'jobs:read,jobs:write,admin';

/** Our service, migrated, with an organization, a number and a key. */
export interface Service {
  readonly key: string;
  /** Starts a process as `npm run start:api` or `start:worker` does. @param more variables beside the usual ones */
  readonly start: (role: Role, more?: NodeJS.ProcessEnv) => Promise<Program>;
}

const environmentFor = ({ databaseUrl, redisUrl }: Servers): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_ENV: 'production',
  DATABASE_URL: databaseUrl,
  REDIS_URL: redisUrl,
  REDIS_KEY_PREFIX: REDIS_PREFIX,
  API_KEY_PEPPER: 'a pepper that is good enough for a benchmark',
  DIALER: 'simulated',
  MAX_CONTACTS: '1000000',
  MAX_UPLOAD_BYTES: String(1024 ** 3),
  // Counted as ever, and never reached.
  RATE_LIMIT_PER_MINUTE: '1000000',
});

export async function prepareService(servers: Servers): Promise<Service> {
  const environment = environmentFor(servers);
  await runMigrations(servers.databaseUrl);
  const administer = (program: string, ...args: string[]) =>
    servers.runToEnd([`dist/src/cli/${program}.js`, ...args], environment);
  const said = await administer('keys', 'create', '--organization', ORGANIZATION, '--scopes', SCOPES);
  const number = ['--number', '+12025550100', '--id', PHONE_NUMBER, '--agent', 'agent_bench'];
  await administer('phone-numbers', 'add', '--organization', ORGANIZATION, ...number);
  return {
    key: said.trim().split('\n').at(-1) ?? '',
    start: (role, more = {}) => servers.start(ROLES[role].args, { ...environment, ...more }, ROLES[role].path),
  };
}

/** Does the work with our service on servers of its own. Its processes are started by the work, and ended after it. */
export const withService = <T>(work: (service: Service, servers: Servers) => Promise<T>): Promise<T> =>
  withServers(async (servers) => work(await prepareService(servers), servers));

/** Sends JSON. @returns the answer's body @throws for every status but 200 */
export async function send<T>(method: string, url: string, key: string, body?: object): Promise<T> {
  const headers: Record<string, string> = { Authorization: `Bearer ${key}` };
  if (body) headers['Content-Type'] = 'application/json';
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

/** Row of a list: 60 to 70 bytes, with a number of its own, which a simulated call answers. */
export const contact = (at: number) => ({
  phone: `+1212${String(Math.floor(at / 70)).padStart(5, '0')}${String(at % 70).padStart(2, '0')}`,
  name: `Person ${at}`,
  appointment: 'Tuesday at nine',
  city: 'Springfield',
});

/** Calls that held a slot at one time. */
export interface AtOneTime {
  readonly organization: number;
  readonly batch: number;
}

/** Most calls that held a slot at one time, of the organization and of any batch: over every moment there was. */
export async function mostAtOneTime(database: Client): Promise<AtOneTime> {
  const { rows } = await database.query<{ kind: keyof AtOneTime; most: number }>(`
    with changes as (
      select kind, holder, at, change from call_attempts as call,
        lateral (values ('organization', organization_id), ('batch', batch_job_id)) as holders (kind, holder),
        lateral (values (claimed_at, 1), (ended_at, -1)) as moments (at, change)
      where at is not null
    ), sums as (
      select kind, sum(change) over (partition by kind, holder order by at, change) as at_once from changes
    )
    select kind, max(at_once)::integer as most from sums group by kind`);
  const most = new Map(rows.map((row) => [row.kind, row.most]));
  return { organization: most.get('organization') ?? 0, batch: most.get('batch') ?? 0 };
}
