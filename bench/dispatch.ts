import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import { bench } from './bench.js';
import { numberText } from './report.js';
import { contact, mostAtOneTime, PHONE_NUMBER, send, withService, type AtOneTime } from './service.js';

const OF_A_BATCH = 50;
const SAMPLE_INTERVAL_MS = 50;

async function createBatches(url: string, key: string, batches: number, contacts: number): Promise<string[]> {
  const list = Array.from({ length: contacts }, (_, at) => contact(at));
  const body = { name: 'bench', fromPhoneNumberId: PHONE_NUMBER, concurrentCallLimit: OF_A_BATCH, contacts: list };
  const ids: string[] = [];
  while (ids.length < batches) {
    ids.push((await send<{ batchJobId: string }>('POST', `${url}/batch/create`, key, body)).batchJobId);
  }
  return ids;
}

/** Looks at what is in flight until no batch runs. @returns the most that was seen */
async function sampleUntilDone(database: Client): Promise<AtOneTime> {
  let sampled = { organization: 0, batch: 0 };
  for (;;) {
    const { rows } = await database.query<AtOneTime & { running: number }>(
      `select (select count(*)::integer from batch_jobs where status = 'running') as running,
              (select count(*)::integer from call_attempts where ended_at is null) as organization,
              (select coalesce(max(calls), 0)::integer from (
                select count(*) as calls from call_attempts where ended_at is null group by batch_job_id) as each) as batch`,
    );
    const [{ running, organization, batch }] = rows;
    sampled = {
      organization: Math.max(sampled.organization, organization),
      batch: Math.max(sampled.batch, batch),
    };
    if (running === 0) return sampled;
    await wait(SAMPLE_INTERVAL_MS);
  }
}

export const dispatch = bench({
  about: 'calls a second that are claimed, placed and recorded, with a dialer that answers at once',
  options: { batches: 10, contacts: 2_000, limit: 500, workers: 2 },
  inAll: { contacts: 1_000 },
  run: ({ batches, contacts, limit, workers }) =>
    withService(async ({ key, start }, { database }) => {
      await database.query('update organizations set concurrent_call_limit = $1', [limit]);
      const { url } = await start('api');
      for (let worker = 0; worker < workers; worker += 1) await start('worker', { SIMULATED_CALL_MS: '0' });
      const ids = await createBatches(url, key, batches, contacts);

      const begun = performance.now();
      await Promise.all(ids.map((id) => send('POST', `${url}/batch/jobs/${id}/start`, key)));
      const sampled = await sampleUntilDone(database);
      const seconds = (performance.now() - begun) / 1_000;

      const most = await mostAtOneTime(database);
      const { rows } = await database.query<{ calls: number; people: number }>(
        'select count(*)::integer as calls, count(distinct contact_id)::integer as people from call_attempts',
      );
      const [{ calls, people }] = rows;
      return {
        tables: [
          {
            columns: [
              'workers',
              'batches',
              'contacts',
              'calls',
              'people',
              'seconds',
              'calls/s',
              'most of the organization (sampled)',
              'of a batch (sampled)',
            ],
            rows: [
              [
                workers,
                batches,
                batches * contacts,
                calls,
                people,
                numberText(seconds, 1),
                numberText(calls / seconds),
                `${most.organization} of ${limit} (${sampled.organization})`,
                `${most.batch} of ${OF_A_BATCH} (${sampled.batch})`,
              ],
            ],
          },
        ],
        figures: { seconds, calls, people, callsPerSecond: calls / seconds, most, sampled },
        faults: most.organization > limit || most.batch > OF_A_BATCH ? ['More calls at one time than allowed.'] : [],
      };
    }),
});
