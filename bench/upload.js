import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { runMigrations } from '../dist/src/database/data-source.js';
import { startEmbeddedServers } from '../dist/src/embedded/servers.js';

const { values: options } = parseArgs({
  options: {
    contacts: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '20' },
    bodies: { type: 'string', default: 'CSV,JSON' },
    port: { type: 'string', default: '3999' },
  },
});
// As `npm run start:api` has it.
const [, ...START_API] = JSON.parse(readFileSync('package.json', 'utf8')).scripts['start:api'].split(' ');
const LARGE = Number(options.contacts);
const ROUNDS = Number(options.rounds);
const SMALL = 10_000;
const BOUNDARY = 'boundary-of-the-benchmark';
const SAMPLE_INTERVAL_MS = 20;
const MEGABYTE = 1024 * 1024;

const say = (line) => process.stdout.write(`${line}\n`);
const run = promisify(execFile);

/** Row of a list: 60 to 70 bytes, with a number of its own. */
const contact = (at) => ({
  phone: `+1${2_120_000_000 + at}`,
  name: `Person ${at}`,
  appointment: 'Tuesday at nine',
  city: 'Springfield',
});

/** Texts of a body, some hundred contacts at a time. */
function* pieces(begin, write, separator, end, count) {
  let text = begin;
  for (let at = 0; at < count; at += 1) {
    text += write(contact(at)) + (at < count - 1 ? separator : '');
    if (at % 500 === 499) {
      yield Buffer.from(text);
      text = '';
    }
  }
  yield Buffer.from(text + end);
}

const part = (name, more, value) =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}`;

const csvBody = (count) => ({
  type: `multipart/form-data; boundary=${BOUNDARY}`,
  body: pieces(
    `${part('name', '', 'bench')}\r\n${part('fromPhoneNumberId', '', 'phone_bench')}\r\n${part('file', '; filename="list.csv"', 'phone,name,appointment,city\n')}`,
    (one) => Object.values(one).join(','),
    '\n',
    `\r\n--${BOUNDARY}--\r\n`,
    count,
  ),
});

const jsonBody = (count) => ({
  type: 'application/json',
  body: pieces('{"name":"bench","fromPhoneNumberId":"phone_bench","contacts":[', JSON.stringify, ',', ']}', count),
});

/** @returns milliseconds from the first byte sent to the answer read, and bytes sent */
async function create(service, { type, body }) {
  const begun = performance.now();
  let bytes = 0;
  const request = httpRequest(`${service.url}/batch/create`, {
    method: 'POST',
    headers: { 'Content-Type': type, Authorization: `Bearer ${service.key}` },
  });
  const answered = once(request, 'response');
  const counted = (function* count() {
    for (const chunk of body) {
      bytes += chunk.length;
      yield chunk;
    }
  })();
  await pipeline(Readable.from(counted), request);
  const [response] = await answered;
  const answer = JSON.parse((await response.toArray()).join(''));
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${JSON.stringify(answer)}`);
  return { ms: performance.now() - begun, bytes };
}

/** Resident memory of a process in bytes, as Linux counts it. */
const memoryOf = (pid) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

/** Does the work and adds the most memory that was seen meanwhile. */
async function measurePeak(pid, work) {
  const seen = { bytes: memoryOf(pid) };
  const sampling = setInterval(() => (seen.bytes = Math.max(seen.bytes, memoryOf(pid))), SAMPLE_INTERVAL_MS);
  try {
    const result = await work();
    return { ...result, peak: seen.bytes };
  } finally {
    clearInterval(sampling);
  }
}

/** Starts the API role, has it serve, does the work and ends it. */
async function withApi(environment, key, work) {
  const child = spawn(process.execPath, START_API, {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    const service = { url: `http://127.0.0.1:${options.port}`, key, pid: child.pid };
    while (
      !(await fetch(`${service.url}/health`).then(
        (answer) => answer.ok,
        () => false,
      ))
    ) {
      if (child.exitCode !== null) throw new Error('the API role did not start');
      await wait(100);
    }
    return await work(service);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function measureSmall(service) {
  const times = [];
  for (let round = 0; round < ROUNDS; round += 1) times.push((await create(service, csvBody(SMALL))).ms);
  times.sort((a, b) => a - b);
  return { median: times[Math.floor(times.length / 2)], worst: times.at(-1) };
}

async function measureLarge(service, bodyOf) {
  // What a process allocates with its first requests is not the list's.
  for (let at = 0; at < 3; at += 1) await create(service, bodyOf(100));
  await wait(2_000);
  const before = memoryOf(service.pid);
  const { ms, bytes, peak } = await measurePeak(service.pid, () => create(service, bodyOf(LARGE)));
  await wait(2_000);
  return { before, ms, bytes, peak, after: memoryOf(service.pid) };
}

const inMegabytes = (bytes) => `${(bytes / MEGABYTE).toFixed(0)} MB`;
const row = (...cells) => say(`| ${cells.join(' | ')} |`);

async function prepare(environment) {
  await runMigrations(environment.DATABASE_URL);
  const administer = (program, ...args) =>
    run(process.execPath, [`dist/src/cli/${program}.js`, ...args], { env: environment });
  const { stdout } = await administer('keys', 'create', '--organization', 'org_bench');
  await administer(
    'phone-numbers',
    'add',
    '--organization',
    'org_bench',
    '--number',
    '+12025550100',
    '--id',
    'phone_bench',
    '--agent',
    'agent_bench',
  ).catch(() => undefined); // it is there from the last run
  return stdout.trim().split('\n').at(-1);
}

async function measure(environment) {
  const key = await prepare(environment);
  const small = await withApi(environment, key, measureSmall);
  row('create with 10,000 contacts, CSV', 'median', 'worst');
  row('---', '---', '---');
  row(`${ROUNDS} times`, `${small.median.toFixed(0)} ms`, `${small.worst.toFixed(0)} ms`);
  say('');
  row(`${LARGE.toLocaleString('en-US')} contacts`, 'body', 'time', 'before', 'peak', 'after', 'growth at the peak');
  row('---', '---', '---', '---', '---', '---', '---');
  for (const name of options.bodies.split(',')) {
    const bodyOf = { CSV: csvBody, JSON: jsonBody }[name];
    const { before, ms, bytes, peak, after } = await withApi(environment, key, (service) =>
      measureLarge(service, bodyOf),
    );
    row(
      name,
      inMegabytes(bytes),
      `${(ms / 1_000).toFixed(1)} s`,
      inMegabytes(before),
      inMegabytes(peak),
      inMegabytes(after),
      inMegabytes(peak - before),
    );
  }
}

const dataDir = mkdtempSync(join(tmpdir(), 'batch-jobs-bench-'));
// For root PostgreSQL runs as another user, also in this folder.
chmodSync(dataDir, 0o711);
const servers = await startEmbeddedServers({
  dataDir,
  databaseUrl: process.env.DATABASE_URL,
  redisUrl: process.env.REDIS_URL,
  log: say,
});
try {
  await measure({
    ...process.env,
    DATABASE_URL: servers.databaseUrl,
    REDIS_URL: servers.redisUrl,
    REDIS_KEY_PREFIX: '{batch-jobs-bench}',
    API_KEY_PEPPER: 'a pepper that is good enough for a benchmark',
    PORT: options.port,
    DIALER: 'simulated',
    LOG_LEVEL: 'error',
    MAX_CONTACTS: '1000000',
    MAX_UPLOAD_BYTES: String(1024 * MEGABYTE),
    RATE_LIMIT_PER_MINUTE: '1000000',
  });
} finally {
  await servers.stop();
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
}
