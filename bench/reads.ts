import { bench } from './bench.js';
import { load } from './load.js';
import { numberText, percentile } from './report.js';
import { batchId, insertScheduled, OVER_A_YEAR } from './schedules.js';
import { withService } from './service.js';

/** Paths of each kind of read. @param jobs how many there are */
const KINDS: Readonly<Record<string, (jobs: number) => string[]>> = {
  'list, first page': () => ['/batch/jobs?pageSize=20'],
  'list of one status': () => ['/batch/jobs?pageSize=20&status=scheduled'],
  'list, page in the middle': (jobs) => [`/batch/jobs?pageSize=20&page=${Math.ceil(jobs / 40)}`],
  'list by a part of the name': (jobs) => some(jobs).map((at) => `/batch/jobs?pageSize=20&name=bench%20${at}`),
  detail: (jobs) => some(jobs).map((at) => `/batch/jobs/${batchId(at)}`),
};

/** Numbers of batches, spread over all. */
const some = (jobs: number): number[] =>
  Array.from({ length: Math.min(jobs, 1_000) }, (_, at) => ((at * 7_919) % jobs) + 1);

export const reads = bench({
  about: 'how long a list and a detail take among many batches',
  options: { jobs: 200_000, connections: 4, seconds: 5 },
  inAll: { seconds: 2 },
  run: ({ jobs, connections, seconds }) =>
    withService(async ({ key, start }, { database }) => {
      await insertScheduled(database, [1, jobs], OVER_A_YEAR);
      const { url } = await start('api');
      const figures: Record<string, { readsPerSecond: number; p50Ms: number; p99Ms: number }> = {};
      for (const [kind, pathsOf] of Object.entries(KINDS)) {
        const plan = { url, key, method: 'GET' as const, paths: pathsOf(jobs), connections };
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
        notes: [`${numberText(jobs)} batches of one organization, ${connections} connections.`],
        figures,
      };
    }),
});
