import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import type { World } from '../world.js';

const BOUND_MS = 15_000;

// A worker gives up an answer of PostgreSQL after 6 s, and the pool an idle session after 10 s: until then a session
// that nobody answers may be asked again.
const SILENT_SESSIONS_MS = 16_000;

/** Ways to Redis that break. No request may notice. */
const TO_REDIS: readonly Fault[] = [
  {
    name: 'Redis connections half-open',
    boundMs: BOUND_MS,
    run: async ({ redisProxy }, random) => {
      await sleep(random.between(300, 1_500));
      redisProxy.halfOpen();
      await sleep(1_000);
    },
  },
  {
    name: 'Redis connections reset',
    boundMs: BOUND_MS,
    run: async ({ redisProxy }, random) => {
      for (let times = 5; times > 0; times -= 1) {
        await sleep(random.between(100, 800));
        redisProxy.reset();
      }
    },
  },
  {
    name: 'Redis connections slow',
    boundMs: BOUND_MS,
    run: async ({ redisProxy }, random) => {
      redisProxy.delay(random.pick([50, 200, 700]));
      await sleep(5_000);
    },
  },
];

const TO_POSTGRES: readonly Fault[] = [
  {
    name: 'PostgreSQL connections half-open',
    boundMs: BOUND_MS,
    mayRefuse: true,
    run: async (world: World, random) => {
      await sleep(random.between(300, 1_500));
      world.postgresProxy.halfOpen();
      const from = Date.now();
      world.outages.push({ from, to: from + SILENT_SESSIONS_MS });
      await sleep(1_000);
    },
  },
  {
    name: 'PostgreSQL connections reset',
    boundMs: BOUND_MS,
    mayRefuse: true,
    run: async ({ postgresProxy }, random) => {
      for (let times = 5; times > 0; times -= 1) {
        await sleep(random.between(100, 800));
        postgresProxy.reset();
      }
    },
  },
  {
    name: 'PostgreSQL connections slow',
    boundMs: BOUND_MS,
    mayRefuse: true,
    run: (world, random) =>
      world.without(async () => {
        world.postgresProxy.delay(random.pick([20, 60, 150]));
        await sleep(5_000);
        await world.postgresProxy.heal();
      }),
  },
];

/** The wires between the processes and the servers. */
export const CONNECTION_FAULTS: readonly Fault[] = [...TO_REDIS, ...TO_POSTGRES];
