import { bench } from './bench.js';
import { startCpuMeter } from './cpu.js';
import { load } from './load.js';
import { numberText, percentile, spreadOf, spreadText, tell, type Spread, type Table } from './report.js';
import { withServers, type Servers } from './servers.js';
import { prepareSide, SIDES, type Side } from './sides.js';

/** One round of one side. CPU in seconds for 1,000 requests. */
interface Round {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly apiCpu: number;
  readonly workerCpu: number;
  readonly postgresCpu: number;
  readonly redisCpu: number;
  readonly totalCpu: number;
  /** Of the load generator's own process, of the round's time; near 1 it is what is measured. */
  readonly generatorShare: number;
  readonly requests: number;
  readonly mismatches: number;
}

const DAY_MS = 86_400_000;
const TIMEZONE = 'America/New_York';

/** Wall times from tomorrow on, over 300 days, each unlike its neighbours. */
function paths(side: Side, batches: number): string[] {
  const first = Date.now() + DAY_MS;
  return Array.from({ length: batches }, (_, at) => {
    // Steps that share no factor with the number of days spread neighbours over the year and over the tables.
    const batch = ((at * 7_919) % batches) + 1;
    const moment = new Date(first + ((at * 131) % 300) * DAY_MS + (at % 1_440) * 60_000);
    const time = moment.toISOString().slice(0, 19);
    return `/batch/jobs/${side.id(batch)}/reschedule?scheduledStartTime=${time}&timezone=${TIMEZONE}`;
  });
}

async function measure(
  side: Side,
  { postgresPid, redisPid }: Servers,
  { batches, connections, warmUpSeconds, seconds }: Record<string, number>,
): Promise<Round> {
  const { api, worker } = await side.start();
  try {
    const pids = { api: api.pid, postgres: postgresPid, redis: redisPid, ...(worker && { worker: worker.pid }) };
    let readCpu = startCpuMeter<string>(pids);
    const plan = { url: api.url, key: side.key, method: 'PATCH' as const, connections, warmUpSeconds, seconds };
    const result = await load({ ...plan, paths: paths(side, batches) }, () => (readCpu = startCpuMeter<string>(pids)));
    const { worker: workerSeconds = 0, ...cpu } = readCpu();
    const perThousand = (cpuSeconds: number) => (cpuSeconds / result.requests) * 1_000;
    return {
      requestsPerSecond: result.requests / result.seconds,
      p50Ms: percentile(result.latenciesMs, 0.5),
      p99Ms: percentile(result.latenciesMs, 0.99),
      apiCpu: perThousand(cpu.api),
      workerCpu: perThousand(workerSeconds),
      postgresCpu: perThousand(cpu.postgres),
      redisCpu: perThousand(cpu.redis),
      totalCpu: perThousand(cpu.api + workerSeconds + cpu.postgres + cpu.redis),
      generatorShare: result.generatorCpuSeconds / result.seconds,
      requests: result.requests,
      mismatches: await side.mismatches(),
    };
  } finally {
    await api.stop();
    await worker?.stop();
  }
}

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
          measured.get(side.name)?.push(await measure(side, servers, { batches, connections, warmUpSeconds, seconds }));
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
