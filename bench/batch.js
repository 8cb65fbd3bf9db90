import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { mostAtOneTime, row, say, send, spread, withService } from './service.js';

/* One list from its CSV to `completed`, by the simulated dialer, with every outcome and with retries. */

const { values: options } = parseArgs({
  options: {
    contacts: { type: 'string', default: '10000' },
    limit: { type: 'string', default: '50' },
    'call-ms': { type: 'string', default: '200' },
    workers: { type: 'string', default: '2' },
  },
});
const CONTACTS = Number(options.contacts);
const LIMIT = Number(options.limit);
const DETAIL_INTERVAL_MS = 500;
const DETAILS_AT_REST = 200;

/** Numbers with every two last digits there are, so that every outcome happens. */
const csv = () =>
  ['phone,name', ...Array.from({ length: CONTACTS }, (_, at) => `+1212${2_000_000 + at},Person ${at}`)].join('\n');

async function upload(url, key) {
  const form = new FormData();
  const fields = {
    name: 'bench',
    fromPhoneNumberId: 'phone_bench',
    concurrentCallLimit: String(LIMIT),
    maxAttempts: '2',
  };
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([csv()], { type: 'text/csv' }), 'contacts.csv');
  const begun = performance.now();
  const answer = await fetch(`${url}/batch/create`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}` },
    body: form,
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(JSON.stringify(body));
  return { id: body.batchJobId, createMs: performance.now() - begun };
}

/** How long the detail takes when nobody is called any more. */
async function detailAtRest(url, key, id) {
  const tookMs = [];
  while (tookMs.length < DETAILS_AT_REST) {
    const asked = performance.now();
    await send('GET', `${url}/batch/jobs/${id}`, key);
    tookMs.push(performance.now() - asked);
  }
  return spread(tookMs);
}

/** Asks for the detail again and again until the job has ended. */
async function watch(url, key, id) {
  const tookMs = [];
  for (;;) {
    const asked = performance.now();
    const detail = await send('GET', `${url}/batch/jobs/${id}`, key);
    tookMs.push(performance.now() - asked);
    const sum = Object.values(detail.statusBreakdown).reduce((a, b) => a + b, 0);
    if (sum !== CONTACTS) throw new Error(`the counters add up to ${sum} of ${CONTACTS}`);
    if (!['running', 'pending'].includes(detail.status)) return { detail, detailMs: spread(tookMs) };
    await wait(DETAIL_INTERVAL_MS);
  }
}

function report({ createMs, seconds, calls, detail, detailMs, restMs, most }) {
  say('');
  row(
    'contacts',
    'create',
    'to',
    'seconds',
    'calls',
    'calls/s',
    'detail, median',
    'worst',
    'most of the organization',
    'of the batch',
  );
  row(...Array.from({ length: 12 }, () => '---'));
  row(
    CONTACTS,
    `${createMs.toFixed(0)} ms`,
    detail.status,
    seconds.toFixed(0),
    calls,
    (calls / seconds).toFixed(0),
    `${detailMs.median.toFixed(0)} ms`,
    `${detailMs.worst.toFixed(0)} ms`,
    `${restMs.median.toFixed(0)} ms`,
    `${restMs.worst.toFixed(0)} ms`,
    `${most.organization} of ${LIMIT}`,
    `${most.batch} of ${LIMIT}`,
  );
  say('');
  say(JSON.stringify(detail.statusBreakdown));
}

await withService(async ({ key, database, start }) => {
  await database.query('update organizations set concurrent_call_limit = $1', [LIMIT]);
  const { url } = await start('main');
  const dialer = { SIMULATED_CALL_MS: options['call-ms'], RETRY_DELAYS_MINUTES: '0.05' };
  for (let worker = 0; worker < Number(options.workers); worker += 1) await start('worker', dialer);

  const { id, createMs } = await upload(url, key);
  const begun = performance.now();
  await send('POST', `${url}/batch/jobs/${id}/start`, key);
  const seen = await watch(url, key, id);
  const seconds = (performance.now() - begun) / 1_000;
  const { rows } = await database.query('select count(*)::integer as calls from call_attempts');
  const [restMs, most] = [await detailAtRest(url, key, id), await mostAtOneTime(database)];
  report({ createMs, seconds, calls: rows[0].calls, ...seen, restMs, most });
});
