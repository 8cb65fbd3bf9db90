import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { runMigrations } from '../dist/src/database/data-source.js';
import { startEmbeddedServers } from '../dist/src/embedded/servers.js';

const run = promisify(execFile);

/** How each role is started in production, as package.json has it. */
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const ROLES = { main: scripts['start:api'], worker: scripts['start:worker'] };

export const say = (line) => process.stdout.write(`${line}\n`);
export const row = (...cells) => say(`| ${cells.join(' | ')} |`);

/** Row of a list: 60 to 70 bytes, with a number of its own, which a simulated call answers. */
export const contact = (at) => ({
  phone: `+1212${String(Math.floor(at / 70)).padStart(5, '0')}${String(at % 70).padStart(2, '0')}`,
  name: `Person ${at}`,
  appointment: 'Tuesday at nine',
  city: 'Springfield',
});

/**
 * Servers with durable settings, or those of DATABASE_URL and REDIS_URL; `org_bench` with a number and a key. Everything
 * is taken down when the work is over.
 *
 * @param work gets `key`, `database` (a client of pg) and `start(role, more)`, which starts a process of ours
 */
export async function withService(work) {
  const dataDir = mkdtempSync(join(tmpdir(), 'batch-jobs-bench-'));
  // For root PostgreSQL runs as another user, also in this folder.
  chmodSync(dataDir, 0o711);
  const servers = await startEmbeddedServers({
    dataDir,
    databaseUrl: process.env.DATABASE_URL,
    redisUrl: process.env.REDIS_URL,
    log: say,
  });
  const environment = {
    ...process.env,
    DATABASE_URL: servers.databaseUrl,
    REDIS_URL: servers.redisUrl,
    REDIS_KEY_PREFIX: '{batch-jobs-bench}',
    API_KEY_PEPPER: 'a pepper that is good enough for a benchmark',
    DIALER: 'simulated',
    LOG_LEVEL: 'error',
    MAX_CONTACTS: '1000000',
    MAX_UPLOAD_BYTES: String(1024 ** 3),
    RATE_LIMIT_PER_MINUTE: '1000000',
  };
  const running = [];
  const database = new Client(servers.databaseUrl);
  try {
    await runMigrations(servers.databaseUrl);
    await database.connect();
    const key = await prepare(environment);
    await work({ key, database, start: (role, more = {}) => start(role, { ...environment, ...more }, running) });
  } finally {
    await Promise.all(running.map(end));
    await database.end();
    await servers.stop();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function prepare(environment) {
  const administer = (program, ...args) =>
    run(process.execPath, [`dist/src/cli/${program}.js`, ...args], { env: environment });
  const { stdout } = await administer('keys', 'create', '--organization', 'org_bench');
  const number = ['--number', '+12025550100', '--id', 'phone_bench', '--agent', 'agent_bench'];
  // It is there from the last run where the servers are.
  await administer('phone-numbers', 'add', '--organization', 'org_bench', ...number).catch(() => undefined);
  return stdout.trim().split('\n').at(-1);
}

/** @param role `main` or `worker` @returns `url`, `pid` and `stop`; the API serves when it resolves */
async function start(role, environment, running) {
  const port = 3_900 + running.length;
  const [, ...args] = ROLES[role].split(' ');
  const child = spawn(process.execPath, args, {
    env: { ...environment, PORT: String(port), METRICS_PORT: role === 'worker' ? String(port) : '' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  running.push(child);
  const url = `http://127.0.0.1:${port}`;
  const isUp = () =>
    fetch(`${url}/${role === 'worker' ? 'metrics' : 'health'}`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) {
    if (child.exitCode !== null) throw new Error(`${role} did not start`);
    await wait(100);
  }
  return { url, pid: child.pid, stop: () => end(child) };
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Sends JSON. @returns the answer's body @throws for every status but 200 */
export async function send(method, url, key, body) {
  const init = { method, headers: { Authorization: `Bearer ${key}` } };
  if (body) Object.assign(init, { body: JSON.stringify(body) }).headers['Content-Type'] = 'application/json';
  const answer = await fetch(url, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** The middle one, and the last, of figures. */
export const spread = (figures) => {
  const sorted = figures.toSorted((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)], worst: sorted.at(-1) };
};

/** Most calls that held a slot at one time, of the organization and of any batch: over every moment there was. */
export async function mostAtOneTime(database) {
  const { rows } = await database.query(`
    with changes as (
      select kind, holder, at, change from call_attempts as call,
        lateral (values ('organization', organization_id), ('batch', batch_job_id)) as holders (kind, holder),
        lateral (values (claimed_at, 1), (ended_at, -1)) as moments (at, change)
      where at is not null
    ), sums as (
      select kind, sum(change) over (partition by kind, holder order by at, change) as at_once from changes
    )
    select kind, max(at_once)::integer as most from sums group by kind`);
  return Object.fromEntries(rows.map(({ kind, most }) => [kind, most]));
}
