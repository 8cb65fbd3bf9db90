import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { contact, row, say, spread, withService } from './service.js';

/* How long a create takes, and how much memory the API process takes for it. */

const { values: options } = parseArgs({
  options: {
    contacts: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '20' },
    bodies: { type: 'string', default: 'CSV,JSON' },
  },
});
// As `npm run start:api` has it.
const LARGE = Number(options.contacts);
const ROUNDS = Number(options.rounds);
const SMALL = 10_000;
const BOUNDARY = 'boundary-of-the-benchmark';
const SAMPLE_INTERVAL_MS = 20;
const MEGABYTE = 1024 * 1024;

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

/** Starts the API role, does the work and ends it. */
async function withApi({ key, start }, work) {
  const { url, pid, stop } = await start('main');
  try {
    return await work({ url, pid, key });
  } finally {
    await stop();
  }
}

async function measureSmall(service) {
  const times = [];
  for (let round = 0; round < ROUNDS; round += 1) times.push((await create(service, csvBody(SMALL))).ms);
  return spread(times);
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

await withService(async (service) => {
  const small = await withApi(service, measureSmall);
  row('create with 10,000 contacts, CSV', 'median', 'worst');
  row('---', '---', '---');
  row(`${ROUNDS} times`, `${small.median.toFixed(0)} ms`, `${small.worst.toFixed(0)} ms`);
  say('');
  row(`${LARGE.toLocaleString('en-US')} contacts`, 'body', 'time', 'before', 'peak', 'after', 'growth at the peak');
  row('---', '---', '---', '---', '---', '---', '---');
  for (const name of options.bodies.split(',')) {
    const bodyOf = { CSV: csvBody, JSON: jsonBody }[name];
    const { before, ms, bytes, peak, after } = await withApi(service, (api) => measureLarge(api, bodyOf));
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
});
