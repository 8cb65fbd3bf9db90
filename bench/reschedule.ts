import { bench } from './bench.js';
import { measureMoves, type Round } from './moves.js';
import { numberText, spreadOf, spreadText, tell, type Spread, type Table } from './report.js';
import { withServers } from './servers.js';
import { prepareSide, SIDES, type Side } from './sides.js';

type Figures = Record<string, Record<keyof Round, Spread> & { readonly rounds: readonly Round[] }>;

function summarize(rounds: ReadonlyMap<string, readonly Round[]>): Figures {
  const of = (each: readonly Round[]) =>
    Object.fromEntries(
      (Object.keys(each[0]) as (keyof Round)[]).map((key) => [key, spreadOf(each.map((round) => round[key]))]),
    );
  return Object.fromEntries([...rounds].map(([name, each]) => [name, { ...of(each), rounds: each }])) as Figures;
}

const CPU = ['apiCpu', 'workerCpu', 'postgresCpu', 'redisCpu', 'totalCpu'] as const;

function tableOf(figures: Figures): Table {
  const ours = figures.ours;
  return {
    columns: [
      'side',
      'requests/s',
      'p50 ms',
      'p99 ms',
      ...['API', 'worker', 'PostgreSQL', 'Redis', 'all'].map((name) => `CPU s of ${name}`),
      'throughput ours : it',
      'CPU ours : it',
      'mismatches',
    ],
    rows: Object.entries(figures).map(([name, each]) => [
      name,
      spreadText(each.requestsPerSecond, 0),
      spreadText(each.p50Ms, 1),
      spreadText(each.p99Ms, 1),
      ...CPU.map((key) => spreadText(each[key], 2)),
      ours ? numberText(ours.requestsPerSecond.median / each.requestsPerSecond.median, 2) : '',
      ours ? numberText(ours.totalCpu.median / each.totalCpu.median, 2) : '',
      each.mismatches.most,
    ]),
  };
}

export const reschedule = bench({
  about: 'moves a second, and CPU seconds for 1,000 moves of every process, ours and of the peers',
  options: {
    batches: 20_000,
    connections: 64,
    rounds: 3,
    seconds: 8,
    'warm-up-seconds': 3,
    sides: SIDES.join(','),
  },
  inAll: { rounds: 2, seconds: 5, 'warm-up-seconds': 2 },
  run: ({ batches, connections, rounds, seconds, 'warm-up-seconds': warmUpSeconds, sides: names }) =>
    withServers(async (servers) => {
      const sides: Side[] = [];
      for (const name of names.split(',')) sides.push(await prepareSide(name, servers, batches));
      const measured = new Map<string, Round[]>(sides.map(({ name }) => [name, []]));
      for (let round = 1; round <= rounds; round += 1) {
        // In turn, so that what changes on the machine meanwhile changes for all of them.
        for (const side of sides) {
          tell(`round ${round} of ${rounds}: ${side.name}`);
          measured
            .get(side.name)
            ?.push(await measureMoves(side, servers, { batches, connections, warmUpSeconds, seconds }));
        }
      }
      const figures = summarize(measured);
      return {
        tables: [tableOf(figures)],
        notes: [
          `${numberText(batches)} scheduled batches, ${connections} connections, ${rounds} rounds of ${seconds} s: the median, and from the least to the most. CPU is for 1,000 requests. PostgreSQL ${servers.versions.postgres}, Redis ${servers.versions.redis}.`,
        ],
        figures: { versions: servers.versions, sides: figures },
        faults: Object.entries(figures)
          .filter(([, { mismatches }]) => mismatches.most > 0)
          .map(([name, { mismatches }]) => `${name}: ${mismatches.most} rows and timers do not agree.`),
      };
    }),
});
