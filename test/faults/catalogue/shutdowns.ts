import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import type { ServiceProcess } from '../service-process.js';

const BOUND_MS = 15_000;
// docs/operations.md: it drains for 6 s and gives up after 20 s; orchestrators wait for 30 s.
const PATIENCE_MS = 25_000;

/** @throws unless it ends well, and in time */
async function endWell(process: ServiceProcess): Promise<void> {
  const ended = await process.terminate();
  if (!ended) throw new Error(`${process.name} did not run`);
  if (ended.code !== 0) throw new Error(`${process.name} ended with code ${ended.code}`);
  if (ended.tookMs > PATIENCE_MS) throw new Error(`${process.name} took ${Math.round(ended.tookMs)} ms to end`);
}

/** SIGTERM while clients ask. */
export const SHUTDOWN_FAULTS: readonly Fault[] = [
  {
    name: 'SIGTERM to everything under load',
    boundMs: BOUND_MS,
    mayRefuse: true,
    run: async (world, random) => {
      await sleep(random.between(1_000, 2_000));
      await world.without(async () => {
        await Promise.all(world.processes.map(endWell));
        await Promise.all(world.processes.map((process) => process.start()));
      });
    },
  },
  {
    name: 'rolling restart under load',
    boundMs: BOUND_MS,
    mayRefuse: true,
    run: async ({ processes }, random) => {
      await sleep(random.between(300, 1_000));
      for (const process of random.shuffled(processes)) {
        await endWell(process);
        await process.start();
      }
    },
  },
];
