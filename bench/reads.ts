import type { Client } from 'pg';
import { bench } from './bench.js';
import { load } from './load.js';
import { numberText, percentile } from './report.js';
import { batchId, insertYear } from './schedules.js';
import { withService } from './service.js';

const LIST = '/batch/jobs?pageSize=20';
const MILLION = 1_000_000;

/** What a path is made of: how many batches there are, and moments between the starts. */
interface Among {
  readonly jobs: number;
  /** Instant at a share of the time that the starts lie in, from 0 to 1. */
  readonly at: (share: number) => string;
}

/** Paths of each kind of read. */
const KINDS: Readonly<Record<string, (among: Among) => string[]>> = {
  'list, first page': () => [LIST],
  'list, 100 on a page': () => ['/batch/jobs?pageSize=100'],
  'list, page in the middle': ({ jobs }) => [`${LIST}&page=${Math.ceil(jobs / 40)}`],
  'list, last page': ({ jobs }) => [`${LIST}&page=${Math.ceil(jobs / 20)}`],
  'list of one status, most of all': () => [`${LIST}&status=scheduled`],
  '… page in the middle': ({ jobs }) => [`${LIST}&status=scheduled&page=${Math.ceil(jobs / 50)}`],
  'list of one status, few': () => [`${LIST}&status=paused`],
  '… of none': () => [`${LIST}&status=cancelled`],
  'list by start, half of all': ({ at }) => [`${LIST}&startsAfter=${at(0.5)}`, `${LIST}&startsBefore=${at(0.5)}`],
  'list by start, a day': ({ at }) =>
    some(100).map((n) => `${LIST}&startsAfter=${at(n / 100)}&startsBefore=${at(n / 100 + 0.0033)}`),
  '… of one status': ({ at }) =>
    some(100).map((n) => `${LIST}&status=scheduled&startsAfter=${at(n / 100)}&startsBefore=${at(n / 100 + 0.0033)}`),
  'list by start, none': ({ at }) => [`${LIST}&startsAfter=${at(1.5)}`],
  'list by name, one': ({ jobs }) => some(jobs).map((n) => `${LIST}&name=bench%20${n}`),
  'list by name, all': () => [`${LIST}&name=BENCH`],
  'list by name, none': () => [`${LIST}&name=zebra`],
  'list by name, one in 1,000': () => some(900).map((n) => `${LIST}&name=${n + 100 - 1}`),
  'list by name and start': ({ at }) => [`${LIST}&name=bench&startsAfter=${at(0.2)}&startsBefore=${at(0.21)}`],
  'list by two letters that no name has': () => [`${LIST}&name=zz`],
  detail: ({ jobs }) => some(jobs).map((n) => `/batch/jobs/${batchId(n)}`),
  contacts: ({ jobs }) => some(jobs).map((n) => `/batch/jobs/${batchId(n)}/contacts`),
  history: ({ jobs }) => some(jobs).map((n) => `/batch/jobs/${batchId(n)}/history`),
};

/** Numbers of batches, spread over all. */
const some = (jobs: number): number[] =>
  Array.from({ length: Math.min(jobs, 1_000) }, (_, at) => ((at * 7_919) % jobs) + 1);

const amongOf = async (database: Client, jobs: number): Promise<Among> => {
  const { rows } = await database.query<{ first: Date; last: Date }>(
    'select min(starts_at) as first, max(starts_at) as last from batch_jobs',
  );
  const [first, last] = [rows[0].first.getTime(), rows[0].last.getTime()];
  return { jobs, at: (share) => new Date(first + (last - first) * share).toISOString() };
};

export const reads = bench({
  about: 'how long every list and a detail take among many batches, with --million 1,000,000',
  options: { jobs: 200_000, million: false, connections: 4, seconds: 5 },
  inAll: { seconds: 1 },
  run: ({ jobs: asked, million, connections, seconds }) =>
    withService(async ({ key, start }, { database }) => {
      const jobs = million ? MILLION : asked;
      await insertYear(database, jobs);
      const among = await amongOf(database, jobs);
      const { url } = await start('api');
      const figures: Record<string, { readsPerSecond: number; p50Ms: number; p99Ms: number }> = {};
      for (const [kind, pathsOf] of Object.entries(KINDS)) {
        const plan = { url, key, method: 'GET' as const, paths: pathsOf(among), connections };
        const result = await load({ ...plan, warmUpSeconds: 1, seconds }, () => undefined);
        figures[kind] = {
          readsPerSecond: result.requests / result.seconds,
          p50Ms: percentile(result.latenciesMs, 0.5),
          p99Ms: percentile(result.latenciesMs, 0.99),
        };
      }
      return {
        tables: [
          {
            columns: ['read', 'p50 ms', 'p99 ms', 'reads/s'],
            rows: Object.entries(figures).map(([kind, { p50Ms, p99Ms, readsPerSecond }]) => [
              kind,
              numberText(p50Ms, 1),
              numberText(p99Ms, 1),
              numberText(readsPerSecond),
            ]),
          },
        ],
        notes: [
          `${numberText(jobs)} batches of one organization, created over a year, one in 1,000 paused and a tenth completed; connections: ${connections}.`,
        ],
        figures,
      };
    }),
});
