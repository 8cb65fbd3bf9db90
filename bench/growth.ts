import { bench } from './bench.js';
import { measureMoves, type Round } from './moves.js';
import { numberText, tell, type Table } from './report.js';
import { armAll, insertHistory, insertScheduled, OVER_A_YEAR } from './schedules.js';
import { withService } from './service.js';
import { oursOf } from './sides.js';

const SIZES = [1_000, 100_000];
const MILLION = 1_000_000;

interface Size extends Round {
  readonly batches: number;
  /** To insert the rows beyond the last size, and to set their timers. */
  readonly loadSeconds: number;
}

const CPU = ['apiCpu', 'workerCpu', 'postgresCpu', 'redisCpu', 'totalCpu'] as const;

function tableOf(sizes: readonly Size[]): Table {
  const [first] = sizes;
  return {
    columns: [
      'scheduled batches',
      'moves/s',
      'p50 ms',
      'p99 ms',
      ...['API', 'worker', 'PostgreSQL', 'Redis', 'all'].map((name) => `CPU s of ${name}`),
      'all : first',
      'mismatches',
    ],
    rows: sizes.map((size) => [
      numberText(size.batches),
      numberText(size.requestsPerSecond),
      numberText(size.p50Ms, 1),
      numberText(size.p99Ms, 1),
      ...CPU.map((key) => numberText(size[key], 2)),
      numberText(size.totalCpu / first.totalCpu, 2),
      size.mismatches,
    ]),
  };
}

export const growth = bench({
  about: 'what a move costs among 1,000, 100,000 and, with --million, 1,000,000 scheduled batches',
  options: { million: false, history: 0, connections: 64, seconds: 12, 'warm-up-seconds': 3 },
  inAll: { seconds: 5, 'warm-up-seconds': 2 },
  run: ({ million, history, connections, seconds, 'warm-up-seconds': warmUpSeconds }) =>
    withService(async (service, servers) => {
      const side = oursOf(service, servers);
      const sizes: Size[] = [];
      for (const batches of million ? [...SIZES, MILLION] : SIZES) {
        const last = sizes.at(-1)?.batches ?? 0;
        const begun = performance.now();
        await insertScheduled(servers.database, [last + 1, batches], OVER_A_YEAR);
        await insertHistory(servers.database, [last + 1, batches], history);
        await armAll(servers.database, servers.redisUrl, last);
        const loadSeconds = (performance.now() - begun) / 1_000;
        tell(`${numberText(batches)} batches after ${numberText(loadSeconds)} s`);
        const round = await measureMoves(side, servers, { batches, connections, warmUpSeconds, seconds });
        sizes.push({ batches, loadSeconds, ...round });
      }
      return {
        tables: [tableOf(sizes)],
        notes: [
          `Each batch was moved ${history} times before.`,
          `CPU is for 1,000 moves. The worker compares some pages of timers and rows every five seconds: a part of it, and of PostgreSQL and Redis, is that, whatever is moved.`,
        ],
        figures: sizes,
        faults: sizes
          .filter(({ mismatches }) => mismatches > 0)
          .map(({ batches, mismatches }) => `Of ${batches}: ${mismatches} rows and timers do not agree.`),
      };
    }),
});
