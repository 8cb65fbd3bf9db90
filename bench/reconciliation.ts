import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { scoreAt } from '../src/queue/delayed-set.js';
import { bench } from './bench.js';
import { memoryBytesOf, startCpuMeter } from './cpu.js';
import { megabytesText, numberText, percentile, tell, type Table } from './report.js';
import { armAll, batchId, countMismatches, insertScheduled, OVER_A_YEAR } from './schedules.js';
import { REDIS_PREFIX, send, withService, type Service } from './service.js';
import type { Program, Servers } from './servers.js';

// With one batch: what an idle worker does beside reconciling.
const SIZES = [1, 1_000, 100_000];
const MILLION = 1_000_000;

// Of the batches that start within ten minutes when Redis is emptied: they are to be armed before all others.
const NEAR = 2_000;
const NEAR_TIMES = { firstInSeconds: 240, overSeconds: 300 };

const DELAYED = `${REDIS_PREFIX}:batch-start:delayed`;
const PAUSE_BETWEEN_MOVES_MS = 20;

interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Command {
  readonly name: string;
  readonly ms: number;
}

const commandText = ({ name, ms }: Command): string => `${numberText(ms, 1)} (${name})`;

interface Figures {
  readonly batches: number;
  /** Of one worker that has nothing to start, for a round that has nothing to repair. */
  readonly roundCpuMs: number;
  readonly redisCpuMs: number;
  readonly postgresCpuMs: number;
  readonly longestCommand: Command;
  /** From FLUSHALL on. */
  readonly nearArmedSeconds: number;
  readonly allArmedSeconds: number;
  readonly longestWhileArming: Command;
  readonly movesBefore: Latencies;
  readonly movesWhileArming: Latencies;
  readonly checkSeconds: number;
  readonly checkMemoryBytes: number;
  readonly mismatches: number;
}

/** The slowest command since the log was emptied. */
async function longestOf(redis: Redis): Promise<Command> {
  const log = (await redis.slowlog('GET', 10_000)) as [number, number, number, string[]][];
  // What this benchmark itself asks is none of the service's.
  const ours = log.filter(([, , , [name]]) => !/^(flushall|slowlog|config|info)$/i.test(name));
  const commands = ours.map(([, , microseconds, [name]]) => ({ name, ms: microseconds / 1_000 }));
  return commands.toSorted((one, other) => other.ms - one.ms).at(0) ?? { name: 'none', ms: 0 };
}

async function forgetSlow(redis: Redis): Promise<void> {
  await redis.config('SET', 'slowlog-log-slower-than', '200', 'slowlog-max-len', '10000');
  await redis.slowlog('RESET');
}

/** Every round of the reconciliation scans once. */
async function roundsOf(redis: Redis): Promise<number> {
  return Number(/cmdstat_zscan:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
}

/** Moves batches, one after the other, until it is told to end. */
function startMoving(api: Program, key: string, batches: number): () => Promise<Latencies> {
  const tookMs: number[] = [];
  let isOver = false;
  const moving = (async () => {
    for (let at = 0; !isOver; at += 1) {
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
    isOver = true;
    await moving;
    return { p50Ms: percentile(tookMs, 0.5), p99Ms: percentile(tookMs, 0.99) };
  };
}

async function measureIdle(redis: Redis, servers: Servers, worker: Program, seconds: number) {
  await forgetSlow(redis);
  const before = await roundsOf(redis);
  const meter = startCpuMeter({ worker: worker.pid, redis: servers.redisPid, postgres: servers.postgresPid });
  await wait(seconds * 1_000);
  const used = meter();
  const rounds = (await roundsOf(redis)) - before;
  const perRound = (cpuSeconds: number) => (cpuSeconds * 1_000) / rounds;
  return {
    roundCpuMs: perRound(used.worker),
    redisCpuMs: perRound(used.redis),
    postgresCpuMs: perRound(used.postgres),
    longestCommand: await longestOf(redis),
  };
}

async function measureLoss(redis: Redis, api: Program, key: string, batches: number) {
  const stopBefore = startMoving(api, key, batches);
  await wait(5_000);
  const movesBefore = await stopBefore();

  await forgetSlow(redis);
  const near = `(${scoreAt(Date.now() + (NEAR_TIMES.firstInSeconds + NEAR_TIMES.overSeconds + 60) * 1_000)}`;
  const begun = performance.now();
  await redis.flushall();
  const stop = startMoving(api, key, batches);
  const secondsUntil = async (count: () => Promise<number>, wanted: number): Promise<number> => {
    while ((await count()) < wanted) await wait(50);
    return (performance.now() - begun) / 1_000;
  };
  const nearArmedSeconds = await secondsUntil(() => redis.zcount(DELAYED, '-inf', near), NEAR);
  const allArmedSeconds = await secondsUntil(() => redis.zcard(DELAYED), batches + NEAR);
  const longestWhileArming = await longestOf(redis);
  return { nearArmedSeconds, allArmedSeconds, longestWhileArming, movesBefore, movesWhileArming: await stop() };
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
  const [worker, api] = [await service.start('worker'), await service.start('api')];
  try {
    await wait(7_000);
    const idle = await measureIdle(redis, servers, worker, seconds);
    tell(`${numberText(batches)}: a round takes ${numberText(idle.roundCpuMs, 1)} ms`);
    // Numbered after all others, and gone before the next size.
    await insertScheduled(servers.database, [MILLION + 1, MILLION + NEAR], NEAR_TIMES);
    const loss = await measureLoss(redis, api, service.key, batches);
    tell(`${numberText(batches)}: all armed after ${numberText(loss.allArmedSeconds, 1)} s`);
    const { status, ...check } = await measureCheck(api, service.key);
    tell(`${numberText(batches)}: ${status}`);
    const mismatches = await countMismatches(servers.database, servers.redisUrl);
    return { batches, ...idle, ...loss, ...check, mismatches };
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
      ...['worker', 'Redis', 'PostgreSQL'].map((name) => `CPU ms of ${name}`),
      'longest command ms',
    ],
    rows: sizes.map((size) => [
      numberText(size.batches),
      ...[size.roundCpuMs, size.redisCpuMs, size.postgresCpuMs].map((ms) => numberText(ms, 1)),
      commandText(size.longestCommand),
    ]),
  },
  {
    columns: [
      'emptied with',
      's until the near are armed',
      's until all are',
      'longest command ms',
      'moves p50, p99 ms before',
      'meanwhile',
      's of a check',
      'memory of the API',
      'mismatches',
    ],
    rows: sizes.map((size) => [
      numberText(size.batches + NEAR),
      numberText(size.nearArmedSeconds, 1),
      numberText(size.allArmedSeconds, 1),
      commandText(size.longestWhileArming),
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
          'CPU is for one round, and everything else that an idle worker, Redis and PostgreSQL do from one round to the next is counted as its part.',
          `${numberText(NEAR)} more batches start within ten minutes when Redis is emptied: they are the near ones.`,
        ],
        figures: sizes,
        faults: sizes
          .filter(({ mismatches }) => mismatches > 0)
          .map(({ batches, mismatches }) => `Of ${batches}: ${mismatches} rows and timers do not agree.`),
      };
    }),
});
