import { setTimeout as wait } from 'node:timers/promises';
import { bench } from './bench.js';
import { numberText, spreadOf, type Spread } from './report.js';
import { mostAtOneTime, PHONE_NUMBER, send, withService } from './service.js';

const DETAIL_INTERVAL_MS = 500;
const DETAILS_AT_REST = 200;

interface Detail {
  readonly status: string;
  readonly statusBreakdown: Record<string, number>;
}

/** Numbers with every two last digits there are, so that every outcome happens. */
const csv = (contacts: number): string =>
  ['phone,name', ...Array.from({ length: contacts }, (_, at) => `+1212${2_000_000 + at},Person ${at}`)].join('\n');

async function upload(url: string, key: string, contacts: number, limit: number) {
  const form = new FormData();
  const fields = { name: 'bench', fromPhoneNumberId: PHONE_NUMBER, concurrentCallLimit: limit, maxAttempts: 2 };
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value));
  form.append('file', new Blob([csv(contacts)], { type: 'text/csv' }), 'contacts.csv');
  const begun = performance.now();
  const headers = { Authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}/batch/create`, { method: 'POST', headers, body: form });
  const body = (await answer.json()) as { batchJobId: string };
  if (!answer.ok) throw new Error(JSON.stringify(body));
  return { id: body.batchJobId, createMs: performance.now() - begun };
}

async function readDetail(url: string, key: string): Promise<Detail & { tookMs: number }> {
  const asked = performance.now();
  const detail = await send<Detail>('GET', url, key);
  return { ...detail, tookMs: performance.now() - asked };
}

/** How long the detail takes when nobody is called any more. */
async function detailAtRest(url: string, key: string): Promise<Spread> {
  const tookMs: number[] = [];
  while (tookMs.length < DETAILS_AT_REST) tookMs.push((await readDetail(url, key)).tookMs);
  return spreadOf(tookMs);
}

/** Asks for the detail again and again until the job has ended. */
async function watch(url: string, key: string, contacts: number) {
  const tookMs: number[] = [];
  for (;;) {
    const detail = await readDetail(url, key);
    tookMs.push(detail.tookMs);
    const sum = Object.values(detail.statusBreakdown).reduce((a, b) => a + b, 0);
    if (sum !== contacts) throw new Error(`The counters add up to ${sum} of ${contacts}.`);
    if (!['running', 'pending'].includes(detail.status)) return { detail, whileCalledMs: spreadOf(tookMs) };
    await wait(DETAIL_INTERVAL_MS);
  }
}

export const batch = bench({
  about: 'one list from its CSV to `completed`, with every outcome and with retries, and its detail meanwhile',
  options: { contacts: 10_000, limit: 50, 'call-ms': 200, workers: 2 },
  inAll: { contacts: 2_000 },
  run: ({ contacts, limit, 'call-ms': callMs, workers }) =>
    withService(async ({ key, start }, { database }) => {
      await database.query('update organizations set concurrent_call_limit = $1', [limit]);
      const { url } = await start('api');
      const dialer = { SIMULATED_CALL_MS: String(callMs), RETRY_DELAYS_MINUTES: '0.05' };
      for (let worker = 0; worker < workers; worker += 1) await start('worker', dialer);

      const { id, createMs } = await upload(url, key, contacts, limit);
      const begun = performance.now();
      await send('POST', `${url}/batch/jobs/${id}/start`, key);
      const { detail, whileCalledMs } = await watch(`${url}/batch/jobs/${id}`, key, contacts);
      const seconds = (performance.now() - begun) / 1_000;
      const counted = await database.query<{ calls: number }>('select count(*)::integer as calls from call_attempts');
      const [{ calls }] = counted.rows;
      const atRestMs = await detailAtRest(`${url}/batch/jobs/${id}`, key);
      const most = await mostAtOneTime(database);
      const details = [whileCalledMs, atRestMs].flatMap((of) => [of.median, of.most].map((ms) => numberText(ms)));
      return {
        tables: [
          {
            columns: [
              'contacts',
              'create ms',
              'to',
              'seconds',
              'calls',
              'calls/s',
              'detail ms while called',
              'worst',
              'at rest',
              'worst',
              'most of the organization',
              'of the batch',
            ],
            rows: [
              [
                contacts,
                numberText(createMs),
                detail.status,
                numberText(seconds),
                calls,
                numberText(calls / seconds),
                ...details,
                ...[most.organization, most.batch].map((calling) => `${calling} of ${limit}`),
              ],
            ],
          },
        ],
        notes: [JSON.stringify(detail.statusBreakdown)],
        figures: { createMs, seconds, calls, whileCalledMs, atRestMs, most, statusBreakdown: detail.statusBreakdown },
        faults: most.organization > limit || most.batch > limit ? ['More calls at one time than allowed.'] : [],
      };
    }),
});
