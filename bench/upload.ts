import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { bench } from './bench.js';
import { memoryBytesOf } from './cpu.js';
import { megabytesText, numberText, spreadOf, tell } from './report.js';
import type { Program } from './servers.js';
import { contact, PHONE_NUMBER, withService, type Service } from './service.js';

const SMALL = 10_000;
const BOUNDARY = 'boundary-of-the-benchmark';
const SAMPLE_INTERVAL_MS = 20;

type Contact = ReturnType<typeof contact>;
interface Body {
  readonly type: string;
  readonly body: Generator<Buffer>;
}

/** Texts of a body, some hundred contacts at a time. */
function* pieces(
  count: number,
  { begin, write, separator, end }: { begin: string; write: (one: Contact) => string; separator: string; end: string },
): Generator<Buffer> {
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

const part = (name: string, more: string, value: string): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}`;

const FIELDS = `${part('name', '', 'bench')}\r\n${part('fromPhoneNumberId', '', PHONE_NUMBER)}\r\n`;

const BODIES: Readonly<Record<string, (count: number) => Body>> = {
  CSV: (count) => ({
    type: `multipart/form-data; boundary=${BOUNDARY}`,
    body: pieces(count, {
      begin: `${FIELDS}${part('file', '; filename="list.csv"', 'phone,name,appointment,city\n')}`,
      write: (one) => Object.values(one).join(','),
      separator: '\n',
      end: `\r\n--${BOUNDARY}--\r\n`,
    }),
  }),
  JSON: (count) => ({
    type: 'application/json',
    body: pieces(count, {
      begin: `{"name":"bench","fromPhoneNumberId":"${PHONE_NUMBER}","contacts":[`,
      write: (one) => JSON.stringify(one),
      separator: ',',
      end: ']}',
    }),
  }),
};

/** @returns milliseconds from the first byte sent to the answer read, and bytes sent */
async function create(url: string, key: string, { type, body }: Body): Promise<{ ms: number; bytes: number }> {
  const begun = performance.now();
  let bytes = 0;
  const headers = { 'Content-Type': type, Authorization: `Bearer ${key}` };
  const request = httpRequest(`${url}/batch/create`, { method: 'POST', headers });
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  const counted = (function* count() {
    for (const chunk of body) {
      bytes += chunk.length;
      yield chunk;
    }
  })();
  await pipeline(Readable.from(counted), request);
  const [response] = await answered;
  const answer = (await response.toArray()).join('');
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${answer}`);
  return { ms: performance.now() - begun, bytes };
}

/** Does the work. @returns what it gives, and the most memory that was seen meanwhile */
async function watchMemory<T>(pid: number, work: () => Promise<T>): Promise<T & { peakBytes: number }> {
  let peakBytes = memoryBytesOf(pid);
  const look = () => (peakBytes = Math.max(peakBytes, memoryBytesOf(pid)));
  const sampling = setInterval(look, SAMPLE_INTERVAL_MS);
  try {
    return { ...(await work()), peakBytes };
  } finally {
    clearInterval(sampling);
  }
}

/** Starts the API role, does the work and ends it. */
async function withApi<T>({ start }: Service, work: (api: Program) => Promise<T>): Promise<T> {
  const api = await start('api');
  try {
    return await work(api);
  } finally {
    await api.stop();
  }
}

async function measureLarge({ url, pid }: Program, key: string, bodyOf: () => Body, small: () => Body) {
  // What a process allocates with its first requests is not the list's.
  for (let at = 0; at < 3; at += 1) await create(url, key, small());
  await wait(2_000);
  const beforeBytes = memoryBytesOf(pid);
  const { ms, bytes, peakBytes } = await watchMemory(pid, () => create(url, key, bodyOf()));
  await wait(2_000);
  return { beforeBytes, ms, bytes, peakBytes, afterBytes: memoryBytesOf(pid) };
}

export const upload = bench({
  about: 'how long a create takes, and how much memory the API takes for it',
  options: { contacts: 1_000_000, rounds: 20, bodies: 'CSV,JSON' },
  inAll: { contacts: 100_000, rounds: 5 },
  run: ({ contacts, rounds, bodies }) =>
    withService(async (service) => {
      const { key } = service;
      const small = await withApi(service, async ({ url }) => {
        const times: number[] = [];
        while (times.length < rounds) times.push((await create(url, key, BODIES.CSV(SMALL))).ms);
        return spreadOf(times);
      });
      const large: Record<string, Awaited<ReturnType<typeof measureLarge>>> = {};
      for (const name of bodies.split(',')) {
        tell(`${numberText(contacts)} contacts as ${name}`);
        const [body, few] = [() => BODIES[name](contacts), () => BODIES[name](100)];
        large[name] = await withApi(service, (api) => measureLarge(api, key, body, few));
      }
      return {
        tables: [
          {
            columns: ['create with 10,000 contacts, CSV', 'median ms', 'worst ms'],
            rows: [[`${rounds} times`, numberText(small.median), numberText(small.most)]],
          },
          {
            columns: [`${numberText(contacts)} contacts`, 'body', 's', 'before', 'peak', 'after', 'growth at the peak'],
            rows: Object.entries(large).map(([name, { bytes, ms, beforeBytes, peakBytes, afterBytes }]) => [
              name,
              megabytesText(bytes),
              numberText(ms / 1_000, 1),
              ...[beforeBytes, peakBytes, afterBytes, peakBytes - beforeBytes].map(megabytesText),
            ]),
          },
        ],
        figures: { smallMs: small, large },
      };
    }),
});
