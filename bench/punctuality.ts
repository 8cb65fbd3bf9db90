import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Client } from 'pg';
import { bench } from './bench.js';
import { numberText, percentile, tell } from './report.js';
import { addContacts, armAll, insertScheduled } from './schedules.js';
import { withService } from './service.js';

// Enough to set the timers of some thousand batches, and for the workers to be at rest again.
const LEAD_SECONDS = 15;
const POLL_INTERVAL_MS = 100;
const PATIENCE_MS = 300_000;

interface Case {
  readonly batches: number;
  readonly workers: number;
  readonly isRedisDead: boolean;
}

/** By PostgreSQL's clock, from the ledger of starts. */
interface Punctuality extends Case {
  readonly started: number;
  readonly early: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** From the first that was due to the last start. */
  readonly allStartedSeconds: number;
  /** Starts by what made them: `timer`, `sweep`. */
  readonly triggers: Record<string, number>;
}

/** Waits until every batch has started, or it takes too long. */
async function waitForStarts(database: Client, batches: number): Promise<void> {
  const end = performance.now() + LEAD_SECONDS * 1_000 + PATIENCE_MS;
  while (performance.now() < end) {
    const { rows } = await database.query<{ count: number }>('select count(*)::integer from batch_job_starts');
    if (rows[0].count >= batches) return;
    await wait(POLL_INTERVAL_MS);
  }
}

async function readLedger(database: Client) {
  const { rows } = await database.query<{ trigger: string; lateMs: number; sinceFirstMs: number }>(
    `select trigger, extract(epoch from started_at - planned_at)::double precision * 1000 as "lateMs",
            extract(epoch from started_at - min(planned_at) over ())::double precision * 1000 as "sinceFirstMs"
       from batch_job_starts`,
  );
  const lateMs = rows.map((row) => row.lateMs);
  const triggers: Record<string, number> = {};
  for (const { trigger } of rows) triggers[trigger] = (triggers[trigger] ?? 0) + 1;
  return {
    started: rows.length,
    early: lateMs.filter((late) => late < 0).length,
    p50Ms: percentile(lateMs, 0.5),
    p99Ms: percentile(lateMs, 0.99),
    worstMs: percentile(lateMs, 1),
    allStartedSeconds: percentile(
      rows.map((row) => row.sinceFirstMs / 1_000),
      1,
    ),
    triggers,
  };
}

/** Ends Redis as a crash does, and comes back when it has ended. */
async function kill(redisPid: number, redisUrl: string): Promise<void> {
  const watcher = new Redis(redisUrl, { retryStrategy: () => null });
  watcher.on('error', () => undefined);
  await watcher.ping();
  const ended = new Promise((resolve) => watcher.once('end', resolve));
  process.kill(redisPid, 'SIGKILL');
  await ended;
}

/** Each case has servers of its own, so that nothing of another is still being called. */
const measure = (asked: Case): Promise<Punctuality> =>
  withService(async ({ start }, { database, redisUrl, redisPid }) => {
    for (let worker = 0; worker < asked.workers; worker += 1) await start('worker');
    await insertScheduled(database, [1, asked.batches], { firstInSeconds: LEAD_SECONDS, overSeconds: 1 });
    await addContacts(database);
    await armAll(database, redisUrl);
    if (asked.isRedisDead) await kill(redisPid, redisUrl);
    await waitForStarts(database, asked.batches);
    return { ...asked, ...(await readLedger(database)) };
  });

const rowOf = (found: Punctuality) => [
  `${numberText(found.batches)}, ${found.workers} worker${found.workers > 1 ? 's' : ''}${found.isRedisDead ? ', Redis dead' : ''}`,
  ...[found.p50Ms, found.p99Ms, found.worstMs].map((ms) => numberText(ms)),
  numberText(found.allStartedSeconds, 1),
  ...[found.started, found.early].map((count) => numberText(count)),
  Object.entries(found.triggers)
    .map(([trigger, count]) => `${trigger} ${count}`)
    .join(', '),
];

export const punctuality = bench({
  about: 'how late batches start that are due within one second, and without Redis',
  options: { batches: 1_000, workers: '1,2', 'redis-dead': false, 'redis-dead-batches': 5_000 },
  inAll: { 'redis-dead': true, 'redis-dead-batches': 1_000 },
  run: async ({ batches, workers, 'redis-dead': withoutRedis, 'redis-dead-batches': deadBatches }) => {
    const cases: Case[] = workers.split(',').map((count) => ({ batches, workers: Number(count), isRedisDead: false }));
    if (withoutRedis) cases.push({ batches: deadBatches, workers: 2, isRedisDead: true });
    const found: Punctuality[] = [];
    for (const each of cases) {
      tell(`${each.batches} batches, ${each.workers} workers${each.isRedisDead ? ', Redis dead' : ''}`);
      found.push(await measure(each));
    }
    return {
      tables: [
        {
          columns: [
            'due within one second',
            'late p50 ms',
            'p99 ms',
            'worst ms',
            'all started after s',
            'started',
            'too early',
            'started by',
          ],
          rows: found.map(rowOf),
        },
      ],
      notes: ['Late is `started_at - planned_at` of the start ledger. Each batch has one contact.'],
      figures: found,
      faults: found
        .filter((each) => each.early > 0 || each.started !== each.batches)
        .map((each) => `${each.started} of ${each.batches} started, ${each.early} of them too early.`),
    };
  },
});
