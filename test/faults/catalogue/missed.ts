import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import type { World } from '../world.js';

// The default of MAX_LATE_START_MINUTES is 60.
const TOO_LATE_MS = 61 * 60_000;
const NOT_TOO_LATE_MS = 59 * 60_000;

/** As if nobody had been there for that long: a row whose start has passed, of a batch that was acknowledged. */
async function backdate(world: World, label: string, byMs: number): Promise<void> {
  const batch = await world.client.create(label, Date.now() + 3_600_000);
  if (batch.id === null) throw new Error('not created');
  const startsAt = Date.now() - byMs;
  await world.postgres.ask('update batch_jobs set starts_at = $2 where id = $1', [batch.id, new Date(startsAt)]);
  world.backdated.set(batch.id, { startsAt, movedAt: Date.now() });
}

/** Starts that come too late are missed and said to be, not made at the wrong hour. */
export const MISSED_FAULTS: readonly Fault[] = [
  {
    name: 'everything down past the late limit',
    boundMs: 15_000,
    mayRefuse: true,
    run: (world) =>
      world.without(async () => {
        await Promise.all(world.workers.map((worker) => worker.kill()));
        for (let times = 0; times < 4; times += 1) {
          await backdate(world, 'too late', TOO_LATE_MS + times);
          await backdate(world, 'late', NOT_TOO_LATE_MS + times);
        }
        await world.api.kill();
        await world.redis.kill();
        await world.postgres.stop();
        await sleep(1_000);
        await world.heal();
      }),
  },
];
