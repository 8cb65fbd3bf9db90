import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import type { Fault } from '../fault.js';
import { isLongForm } from '../form.js';
import type { Random } from '../random.js';
import type { ServiceProcess } from '../service-process.js';
import type { World } from '../world.js';
import { scoreAt } from '../../../src/queue/delayed-set.js';

const BOUND_MS = 15_000;
const HOUR_MS = 3_600_000;

/** What a worker dies of, and what it is given to do meanwhile. */
interface Work {
  readonly points: readonly string[];
  readonly give: (world: World, random: Random) => Promise<void>;
}

const WORK: Readonly<Record<string, Work>> = {
  claim: {
    points: ['wake.before', 'claim.before', 'claim.sent', 'claim.after', 'start by timer.after', 'wake.after'],
    give: async ({ client }, random) => {
      await client.create('for a killed worker', Date.now() + random.between(300, 700));
    },
  },
  sweep: {
    points: [
      'take.after',
      'listOverdue.before',
      'listOverdue.after',
      'start by sweep.before',
      'claimOverdue.sent',
      'claimOverdue.after',
      'start by sweep.after',
      'sweep.after',
    ],
    give: async (world, random) => {
      const batch = await world.client.create('to be swept', Date.now() + random.between(500, 700));
      // Without its wake-up, only the sweep can find it.
      if (batch.id !== null) await loseWakeUp(world, `${batch.id}.r1`);
    },
  },
  reconciliation: {
    points: [
      'take.after',
      'readMark.after',
      'listScheduled.after',
      'firingTimes.after',
      'listScheduledOf.after',
      'renewAll.after',
      'listUntil.after',
      'scan.after',
      'forgetAll.after',
      'leaveMark.after',
      'reconcile.after',
    ],
    give: async (world) => {
      const batch = await world.client.create('to be armed again', Date.now() + HOUR_MS);
      if (batch.id !== null) await loseWakeUp(world, `${batch.id}.r1`);
      await addUnwanted(world);
    },
  },
};

const loseWakeUp = ({ redis, queueKey }: World, queueJobId: string): Promise<unknown> =>
  redis.ask((client) => client.multi().zrem(queueKey('delayed'), queueJobId).del(queueKey(queueJobId)).exec());

/** A place in the delayed set that no row wants: the reconciler takes it away. */
const addUnwanted = ({ redis, queueKey }: World): Promise<unknown> =>
  redis.ask((client) => client.zadd(queueKey('delayed'), scoreAt(Date.now() + HOUR_MS), `unwanted ${Date.now()}`));

// As for the API, see `killed-api.ts`.
const STEPS = isLongForm ? Number.POSITIVE_INFINITY : 2;

/** Gives work until the worker has died where it was to, then starts it again. */
async function killAtEach(worker: ServiceProcess, points: readonly string[], give: () => Promise<void>) {
  for (const point of points) {
    await worker.arm({ point });
    await eventually(async () => {
      if (worker.hasReached(point)) return;
      await give();
      await sleep(300);
      if (!worker.hasReached(point)) throw new Error(`${worker.name} was not killed at ${point}`);
    }, 60_000);
    await worker.start();
  }
}

/** One fault for each thing that workers do. The two die independently, and sometimes are both away. */
export const KILLED_WORKER_FAULTS: readonly Fault[] = Object.entries(WORK).map(([name, { points, give }]) => ({
  name: `worker killed at each step of the ${name}`,
  boundMs: BOUND_MS,
  run: (world, random) => {
    const order = random.shuffled(points).slice(0, STEPS);
    const half = Math.ceil(order.length / 2);
    const [one, other] = world.workers;
    // For the moments in which both are away.
    return world.without(() =>
      Promise.all([
        killAtEach(one, order.slice(0, half), () => give(world, random)),
        killAtEach(other, order.slice(half), () => give(world, random)),
      ]),
    );
  },
}));
