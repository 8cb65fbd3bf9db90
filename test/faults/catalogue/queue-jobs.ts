import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import type { Random } from '../random.js';
import { RawQueue } from '../raw-queue.js';
import type { World } from '../world.js';

const HOUR_MS = 3_600_000;
const UNKNOWN_ID = 'batch_01ARZ3NDEKTSV4RRFFQ69G5FAV';

/** Wake-ups that say nothing, too much, or something of another kind. */
const MEANINGLESS: readonly unknown[] = [
  { batchJobId: UNKNOWN_ID, revision: 1 },
  { batchJobId: 'not\u0000an id', revision: 1 },
  { batchJobId: 'x'.repeat(5_000_000), revision: 1 },
  { batchJobId: { id: UNKNOWN_ID }, revision: '3' },
  { batchJobId: UNKNOWN_ID, revision: 3_000_000_000 },
  { batchJobId: UNKNOWN_ID, revision: -1 },
  { batchJobId: UNKNOWN_ID, revision: 1.5 },
  {},
  [],
  'text',
  null,
];

/** Wake-ups of a schedule in force that come at once, twice and many times. */
async function repeat({ client }: World, queue: RawQueue, random: Random): Promise<void> {
  const batch = await client.create('woken too often', Date.now() + random.between(1_000, 2_500));
  const wakeUp = { batchJobId: batch.id, revision: 1 };
  await Promise.all([0, 0, 500, 1_000, 2_000, 2_500].map((delay) => queue.add(wakeUp, { delay })));
}

/** Wake-ups of a schedule that was replaced, around the time of the one that replaced it and whose own is lost. */
async function mislead(world: World, queue: RawQueue): Promise<void> {
  const { client, redis, queueKey } = world;
  const batch = await client.create('woken by the past', Date.now() + HOUR_MS);
  const due = Date.now() + 1_200;
  await client.reschedule(batch, due);
  await redis.ask((asked) =>
    asked
      .multi()
      .zrem(queueKey('delayed'), `${batch.id}.r2`)
      .del(queueKey(`${batch.id}.r2`))
      .exec(),
  );
  const wakeUp = { batchJobId: batch.id, revision: 1 };
  await Promise.all([-20, 20].map((late) => queue.add(wakeUp, { delay: Math.max(0, due + late - Date.now()) })));
  // The reconciler takes away what is delayed and not wanted: these are not.
  await sleep(Math.max(0, due - Date.now()));
  await Promise.all(Array.from({ length: 4 }, () => queue.add(wakeUp)));
}

/** Ids that no row wants, and one that a schedule to come will want: the reconciler takes them away. */
async function squat({ client }: World, queue: RawQueue): Promise<void> {
  const batch = await client.create('whose next id is taken', Date.now() + HOUR_MS);
  await queue.add({ batchJobId: batch.id, revision: 2 }, { jobId: `${batch.id}.r2`, delay: 2 * HOUR_MS });
  await queue.add({ batchJobId: UNKNOWN_ID, revision: 1 }, { jobId: `${UNKNOWN_ID}.r1`, delay: HOUR_MS });
  await queue.add({ batchJobId: batch.id, revision: 1 }, { delay: HOUR_MS });
  await client.reschedule(batch, Date.now() + 1_500);
}

/** Whatever is found in the queue. */
export const QUEUE_JOB_FAULT: Fault = {
  name: 'queue jobs: duplicate, stale, foreign, empty, huge',
  boundMs: 15_000,
  run: async (world, random) => {
    const queue = await RawQueue.open(world);
    for (const data of MEANINGLESS) await queue.add(data);
    await queue.add({ batchJobId: UNKNOWN_ID, revision: 1 }, undefined, 'unknown');
    await queue.add({ batchJobId: UNKNOWN_ID, revision: 1 }, { attempts: 5, backoff: 100 });
    // In the list, its record gone: as after a removal that came between.
    await world.redis.ask((client) => client.lpush(world.queueKey('wait'), 'gone.r1'));
    for (let times = 0; times < 4; times += 1) {
      await Promise.all([repeat(world, queue, random), mislead(world, queue), squat(world, queue)]);
      await sleep(300);
    }
    await queue.close();
  },
};
