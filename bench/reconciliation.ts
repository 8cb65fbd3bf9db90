import Bull from 'bull';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { BatchJobChanges } from '../src/batch-jobs/batch-job.changes.js';
import { ScheduleRepository } from '../src/batch-jobs/schedule.repository.js';
import { dataSourceOptions } from '../src/database/data-source.js';
import { scoreAt } from '../src/queue/delayed-set.js';
import { SchedulerGateway } from '../src/queue/scheduler.gateway.js';
import { DifferencePages } from '../src/scheduling/difference.pages.js';
import { ScheduleReconciler } from '../src/scheduling/schedule.reconciler.js';
import { Clock } from '../src/shared/clock.js';
import { Database } from '../src/shared/database.js';
import { Idempotency } from '../src/shared/idempotency.js';
import { Metrics } from '../src/shared/metrics.js';
import { bench } from './bench.js';
import { memoryBytesOf, startCpuMeter } from './cpu.js';
import {
  megabytesText,
  numberText,
  percentile,
  spreadOf,
  spreadText,
  tell,
  type Spread,
  type Table,
} from './report.js';
import { armAll, batchId, countMismatches, insertScheduled, OVER_A_YEAR } from './schedules.js';
import { REDIS_PREFIX, send, withService, type Service } from './service.js';
import type { Program, Servers } from './servers.js';

const SIZES = [1_000, 100_000];
const MILLION = 1_000_000;

// Of the batches that start within ten minutes when Redis is emptied: they are to be armed before all others.
const NEAR = 2_000;
// None of them becomes due before all is measured, also on a slow machine.
const NEAR_TIMES = { firstInSeconds: 500, overSeconds: 90 };

const DELAYED = `${REDIS_PREFIX}:batch-start:delayed`;
const PAUSE_BETWEEN_MOVES_MS = 20;
const ROUNDS = 100;

interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Commands that took Redis long. */
interface Slow {
  /** Of the longest. */
  readonly name: string;
  readonly ms: number;
  /** How many took more than 5 ms. */
  readonly overFiveMs: number;
}

const slowText = ({ name, ms, overFiveMs }: Slow): string => `${numberText(ms, 1)} (${name}), ${overFiveMs}`;

interface Figures {
  readonly batches: number;
  /** Of a round that has nothing to repair, made by a process that does nothing else. */
  readonly roundCpuMs: Spread;
  readonly redisCpuMs: number;
  readonly postgresCpuMs: number;
  /** Of one core, by a worker that has nothing to start. */
  readonly idleWorkerShare: number;
  readonly slow: Slow;
  /** FLUSHALL itself, during which Redis serves nobody. */
  readonly flushSeconds: number;
  /** From then on. */
  readonly nearArmedSeconds: number;
  readonly allArmedSeconds: number;
  readonly slowWhileArming: Slow;
  readonly movesBefore: Latencies;
  readonly movesWhileArming: Latencies;
  readonly checkSeconds: number;
  readonly checkMemoryBytes: number;
  readonly mismatches: number;
}

/** Since the log was emptied. */
async function slowOf(redis: Redis): Promise<Slow> {
  const log = (await redis.slowlog('GET', 10_000)) as [number, number, number, string[]][];
  // What this benchmark itself asks is none of the service's.
  const ours = log.filter(([, , , [name]]) => !/^(flushall|slowlog|config|info)$/i.test(name));
  const commands = ours.map(([, , microseconds, [name]]) => ({ name, ms: microseconds / 1_000 }));
  const longest = commands.toSorted((one, other) => other.ms - one.ms).at(0) ?? { name: 'none', ms: 0 };
  return { ...longest, overFiveMs: commands.filter(({ ms }) => ms > 5).length };
}

async function forgetSlow(redis: Redis): Promise<void> {
  await redis.config('SET', 'slowlog-log-slower-than', '200', 'slowlog-max-len', '10000');
  await redis.slowlog('RESET');
}

/** Moves batches, one after the other, until it is told to end. */
function startMoving(api: Program, key: string, batches: number): () => Promise<Latencies> {
  const tookMs: number[] = [];
  const over = new AbortController();
  const moving = (async () => {
    for (let at = 0; !over.signal.aborted; at += 1) {
      const day = String(1 + (at % 28)).padStart(2, '0');
      const start = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 8) + `${day}T10:00:00`;
      const begun = performance.now();
      await send(
        'PATCH',
        `${api.url}/batch/jobs/${batchId(1 + (at % batches))}/reschedule?scheduledStartTime=${start}`,
        key,
      );
      tookMs.push(performance.now() - begun);
      await wait(PAUSE_BETWEEN_MOVES_MS);
    }
  })();
  return async () => {
    over.abort();
    await moving;
    return { p50Ms: percentile(tookMs, 0.5), p99Ms: percentile(tookMs, 0.99) };
  };
}

/** The reconciler as a worker has it, in this process, one round after the other. */
async function measureRounds(servers: Servers) {
  const source = await new DataSource(dataSourceOptions(servers.databaseUrl, 2)).initialize();
  const queue = new Bull('batch-start', servers.redisUrl, { prefix: REDIS_PREFIX });
  const database = new Database(source);
  const schedules = new ScheduleRepository(database, new BatchJobChanges(new Idempotency(database), database));
  const clock = new Clock();
  const gateway = new SchedulerGateway(queue, clock);
  const pages = new DifferencePages(schedules, gateway, clock);
  const reconciler = new ScheduleReconciler(pages, gateway, clock, new Metrics());
  try {
    const cpuMs: number[] = [];
    const meter = startCpuMeter({ redis: servers.redisPid, postgres: servers.postgresPid });
    for (let rounds = 0; rounds < ROUNDS; rounds += 1) {
      const before = process.cpuUsage();
      await reconciler.reconcile();
      const { user, system } = process.cpuUsage(before);
      cpuMs.push((user + system) / 1_000);
    }
    const { redis, postgres } = meter();
    const perRound = (cpuSeconds: number) => (cpuSeconds * 1_000) / ROUNDS;
    return { roundCpuMs: spreadOf(cpuMs), redisCpuMs: perRound(redis), postgresCpuMs: perRound(postgres) };
  } finally {
    await queue.close();
    await source.destroy();
  }
}

async function measureIdle(redis: Redis, worker: Program, seconds: number) {
  await forgetSlow(redis);
  const meter = startCpuMeter({ worker: worker.pid });
  await wait(seconds * 1_000);
  return { idleWorkerShare: meter().worker / seconds, slow: await slowOf(redis) };
}

async function measureLoss(redis: Redis, api: Program, key: string, batches: number) {
  const stopBefore = startMoving(api, key, batches);
  await wait(5_000);
  const movesBefore = await stopBefore();

  await forgetSlow(redis);
  const near = `(${scoreAt(Date.now() + (NEAR_TIMES.firstInSeconds + NEAR_TIMES.overSeconds + 60) * 1_000)}`;
  const asked = performance.now();
  await redis.flushall();
  const begun = performance.now();
  const stop = startMoving(api, key, batches);
  const secondsUntil = async (count: () => Promise<number>, wanted: number): Promise<number> => {
    while ((await count()) < wanted) await wait(50);
    return (performance.now() - begun) / 1_000;
  };
  const nearArmedSeconds = await secondsUntil(() => redis.zcount(DELAYED, '-inf', near), NEAR);
  const allArmedSeconds = await secondsUntil(() => redis.zcard(DELAYED), batches + NEAR);
  const slowWhileArming = await slowOf(redis);
  const flushSeconds = (begun - asked) / 1_000;
  return {
    flushSeconds,
    nearArmedSeconds,
    allArmedSeconds,
    slowWhileArming,
    movesBefore,
    movesWhileArming: await stop(),
  };
}

async function measureCheck(api: Program, key: string) {
  let checkMemoryBytes = 0;
  const watching = setInterval(() => {
    checkMemoryBytes = Math.max(checkMemoryBytes, memoryBytesOf(api.pid));
  }, 20);
  const begun = performance.now();
  const { status } = await send<{ status: string }>('GET', `${api.url}/admin/consistency`, key);
  clearInterval(watching);
  return { checkSeconds: (performance.now() - begun) / 1_000, checkMemoryBytes, status };
}

async function measure(service: Service, servers: Servers, batches: number, seconds: number): Promise<Figures> {
  const redis = new Redis(servers.redisUrl);
  const rounds = await measureRounds(servers);
  tell(`${numberText(batches)}: a round takes ${spreadText(rounds.roundCpuMs, 1)} ms`);
  const [worker, api] = [await service.start('worker'), await service.start('api')];
  try {
    await wait(7_000);
    const idle = await measureIdle(redis, worker, seconds);
    // Numbered after all others, and gone before the next size.
    await insertScheduled(servers.database, [MILLION + 1, MILLION + NEAR], NEAR_TIMES);
    const loss = await measureLoss(redis, api, service.key, batches);
    tell(`${numberText(batches)}: all armed after ${numberText(loss.allArmedSeconds, 1)} s`);
    const { status, ...check } = await measureCheck(api, service.key);
    tell(`${numberText(batches)}: ${status}`);
    const mismatches = await countMismatches(servers.database, servers.redisUrl);
    return { batches, ...rounds, ...idle, ...loss, ...check, mismatches };
  } finally {
    await Promise.all([worker.stop(), api.stop()]);
    await servers.database.query('delete from batch_jobs where id > $1', [batchId(MILLION)]);
    redis.disconnect();
  }
}

const tablesOf = (sizes: readonly Figures[]): Table[] => [
  {
    columns: [
      'scheduled batches',
      ...['Node.js', 'Redis', 'PostgreSQL'].map((name) => `CPU ms of ${name}`),
      'idle worker, % of a core',
      'longest command ms, over 5',
    ],
    rows: sizes.map((size) => [
      numberText(size.batches),
      spreadText(size.roundCpuMs, 1),
      ...[size.redisCpuMs, size.postgresCpuMs].map((ms) => numberText(ms, 1)),
      numberText(size.idleWorkerShare * 100, 1),
      slowText(size.slow),
    ]),
  },
  {
    columns: [
      'emptied with',
      's of FLUSHALL',
      's until the near are armed',
      's until all are',
      'longest command ms, over 5',
      'moves p50, p99 ms before',
      'meanwhile',
      's of a check',
      'memory of the API',
      'mismatches',
    ],
    rows: sizes.map((size) => [
      numberText(size.batches + NEAR),
      numberText(size.flushSeconds, 1),
      numberText(size.nearArmedSeconds, 1),
      numberText(size.allArmedSeconds, 1),
      slowText(size.slowWhileArming),
      ...[size.movesBefore, size.movesWhileArming].map(
        ({ p50Ms, p99Ms }) => `${numberText(p50Ms, 1)}, ${numberText(p99Ms, 1)}`,
      ),
      numberText(size.checkSeconds, 1),
      megabytesText(size.checkMemoryBytes),
      size.mismatches,
    ]),
  },
];

export const reconciliation = bench({
  about: 'what a round of the reconciliation costs, and how long a Redis that was emptied takes to be filled again',
  options: { million: false, seconds: 60 },
  inAll: { seconds: 20 },
  run: ({ million, seconds }) =>
    withService(async (service, servers) => {
      const sizes: Figures[] = [];
      for (const batches of million ? [...SIZES, MILLION] : SIZES) {
        const last = sizes.at(-1)?.batches ?? 0;
        await insertScheduled(servers.database, [last + 1, batches], OVER_A_YEAR);
        await armAll(servers.database, servers.redisUrl, last);
        tell(`${numberText(batches)} batches`);
        sizes.push(await measure(service, servers, batches, seconds));
      }
      return {
        tables: tablesOf(sizes),
        notes: [
          `CPU is for one of ${ROUNDS} rounds that have nothing to repair: of Node.js the median, the least and the most.`,
          `${numberText(NEAR)} more batches start within ten minutes when Redis is emptied: they are the near ones.`,
        ],
        figures: sizes,
        faults: sizes
          .filter(({ mismatches }) => mismatches > 0)
          .map(({ batches, mismatches }) => `Of ${batches}: ${mismatches} rows and timers do not agree.`),
      };
    }),
});
