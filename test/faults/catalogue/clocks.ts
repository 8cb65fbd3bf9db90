import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import type { World } from '../world.js';

const BOUND_MS = 15_000;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** Boots every process anew under its own clock. */
const restartSkewed = async (world: World, skews: readonly number[]): Promise<void> => {
  await Promise.all(world.processes.map((process) => process.terminate()));
  await Promise.all(world.processes.map((process, at) => process.start({ FAULTS_SKEW_MS: String(skews[at]) })));
};

/** PostgreSQL's clock counts, whatever the processes believe. */
const apart = (name: string, byMs: number): Fault => ({
  name: `clocks ${name} apart`,
  boundMs: BOUND_MS,
  mayRefuse: true,
  run: (world, random) =>
    world.without(async () => {
      // Some ahead, some behind, in any distribution.
      const skews = random.shuffled([byMs, -byMs, random.pick([byMs, -byMs])]);
      await restartSkewed(world, skews);
      await sleep(4_000);
    }),
});

/** Clocks of whole processes. */
export const CLOCK_FAULTS: readonly Fault[] = [
  apart('5 s', 5 * SECOND_MS),
  apart('10 min', 10 * MINUTE_MS),
  {
    name: 'clocks that jump forth and back',
    boundMs: BOUND_MS,
    run: async ({ processes }, random) => {
      for (let jumps = 6; jumps > 0; jumps -= 1) {
        const skew = random.pick([5 * SECOND_MS, -5 * SECOND_MS, 10 * MINUTE_MS, -10 * MINUTE_MS, 0]);
        await random.pick(processes).skew(skew);
        await sleep(random.between(300, 1_000));
      }
    },
  },
];
