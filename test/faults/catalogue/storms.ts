import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import type { Random } from '../random.js';
import { RawQueue } from '../raw-queue.js';
import type { World } from '../world.js';

// docs/reliability.md: 50 moves, wake-ups and a cancel or a start on one row. Twenty rounds of ten are the 200.
const STORMS = 10;
const MOVES = 50;
const HORIZON_MS = 300;

/** Everything that can be asked of one batch, at once, while it comes due again and again. */
async function storm({ client }: World, queue: RawQueue, random: Random): Promise<void> {
  const batch = await client.create('in a storm', Date.now() + HORIZON_MS);
  if (batch.id === null) return;
  const { id } = batch;
  const moves = Array.from({ length: MOVES }, async () => {
    await sleep(random.between(0, 600));
    // Some to a moment that comes at once, others out of the way of the wake-ups that still come.
    await client.reschedule(
      batch,
      Date.now() + (random.next() < 0.5 ? random.between(5, 40) : random.between(800, 1_500)),
    );
  });
  const fires = Array.from({ length: 3 * MOVES }, (_, at) =>
    queue.add({ batchJobId: id, revision: 1 + Math.floor(at / 3) }, { delay: random.between(0, 700) }),
  );
  const ending = sleep(random.between(300, 900)).then(() =>
    random.next() < 0.5 ? client.cancel(batch) : client.startNow(batch),
  );
  await Promise.all([...moves, ...fires, ending]);
}

/** One row under everything at once. */
export const STORM: Fault = {
  name: `${MOVES} moves, wake-ups and a cancel or start on one row, ${STORMS} times`,
  boundMs: 15_000,
  // Hundreds of requests at once: some may get no session within 2 s.
  mayRefuse: true,
  run: async (world, random) => {
    const queue = await RawQueue.open(world);
    for (let storms = 0; storms < STORMS; storms += 1) await storm(world, queue, random);
    await queue.close();
  },
};
