import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { contact, mostAtOneTime, row, say, send, withService } from './service.js';

/* How many calls a second are claimed, placed and recorded, with a dialer that answers at once. */

const { values: options } = parseArgs({
  options: {
    batches: { type: 'string', default: '10' },
    contacts: { type: 'string', default: '2000' },
    limit: { type: 'string', default: '500' },
    workers: { type: 'string', default: '2' },
  },
});
const [BATCHES, CONTACTS, LIMIT, WORKERS] = ['batches', 'contacts', 'limit', 'workers'].map((name) =>
  Number(options[name]),
);
const OF_A_BATCH = 50;
const SAMPLE_INTERVAL_MS = 50;

async function createBatches(url, key) {
  const contacts = Array.from({ length: CONTACTS }, (_, at) => contact(at));
  const body = { name: 'bench', fromPhoneNumberId: 'phone_bench', concurrentCallLimit: OF_A_BATCH, contacts };
  const ids = [];
  while (ids.length < BATCHES) ids.push((await send('POST', `${url}/batch/create`, key, body)).batchJobId);
  return ids;
}

/** Looks at what is in flight until no batch runs. @returns the most that was seen */
async function sampleUntilDone(database) {
  const sampled = { organization: 0, batch: 0 };
  for (;;) {
    const { rows } = await database.query(
      `select (select count(*)::integer from batch_jobs where status = 'running') as running,
              (select count(*)::integer from call_attempts where ended_at is null) as organization,
              (select coalesce(max(calls), 0)::integer from (
                select count(*) as calls from call_attempts where ended_at is null group by batch_job_id) as each) as batch`,
    );
    for (const kind of ['organization', 'batch']) sampled[kind] = Math.max(sampled[kind], rows[0][kind]);
    if (rows[0].running === 0) return sampled;
    await wait(SAMPLE_INTERVAL_MS);
  }
}

async function measure({ key, database, start }) {
  await database.query('update organizations set concurrent_call_limit = $1', [LIMIT]);
  const { url } = await start('main');
  for (let worker = 0; worker < WORKERS; worker += 1) await start('worker', { SIMULATED_CALL_MS: '0' });
  const ids = await createBatches(url, key);

  const begun = performance.now();
  await Promise.all(ids.map((id) => send('POST', `${url}/batch/jobs/${id}/start`, key)));
  const sampled = await sampleUntilDone(database);
  const seconds = (performance.now() - begun) / 1_000;

  const most = await mostAtOneTime(database);
  const { rows } = await database.query(
    'select count(*)::integer as calls, count(distinct contact_id)::integer as people from call_attempts',
  );
  return { seconds, sampled, most, ...rows[0] };
}

await withService(async (service) => {
  const { seconds, sampled, most, calls, people } = await measure(service);
  say('');
  row(
    'workers',
    'batches',
    'contacts',
    'calls',
    'people',
    'seconds',
    'calls/s',
    'most of the organization',
    'of a batch',
  );
  row('---', '---', '---', '---', '---', '---', '---', '---', '---');
  row(
    WORKERS,
    BATCHES,
    BATCHES * CONTACTS,
    calls,
    people,
    seconds.toFixed(1),
    (calls / seconds).toFixed(0),
    `${most.organization} of ${LIMIT} (sampled ${sampled.organization})`,
    `${most.batch} of ${OF_A_BATCH} (sampled ${sampled.batch})`,
  );
});
