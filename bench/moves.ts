import { startCpuMeter } from './cpu.js';
import { load } from './load.js';
import { percentile } from './report.js';
import type { Servers } from './servers.js';
import type { Side } from './sides.js';

/** One round of one side. CPU in seconds for 1,000 requests. */
export interface Round {
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

/** How hard, how long, and over how many batches. */
export interface Moving {
  readonly batches: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** One round: starts a side, moves its batches, ends it, and compares its rows with its timers. */
export async function measureMoves(
  side: Side,
  { postgresPid, redisPid }: Servers,
  { batches, connections, warmUpSeconds, seconds }: Moving,
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
