import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';

// docs/reliability.md: with Redis gone.
const BOUND_MS = 15_000;

/** Redis loses its data, or is away. No request may notice: PostgreSQL is there. */
export const REDIS_FAULTS: readonly Fault[] = [
  {
    name: 'Redis: FLUSHALL',
    boundMs: BOUND_MS,
    run: async ({ redis, client }, random) => {
      await sleep(random.between(0, 500));
      const due = Date.now() + 3_000;
      await Promise.all([due, due, due].map((startsAt) => client.create('whose wake-up is lost', startsAt)));
      // Until they are due, so that no reconciliation between makes up for it: only the sweep can start them.
      while (Date.now() < due + 20) {
        await redis.ask((asked) => asked.flushall());
        await sleep(random.between(5, 30));
      }
    },
  },
  {
    name: 'Redis: killed, back empty',
    boundMs: BOUND_MS,
    run: async ({ redis }, random) => {
      await sleep(random.between(500, 2_000));
      await redis.kill();
      await sleep(random.between(0, 1_500));
      await redis.start('nothing');
    },
  },
  {
    name: 'Redis: killed, back from its log',
    boundMs: BOUND_MS,
    run: async ({ redis }, random) => {
      await sleep(random.between(500, 2_000));
      await redis.kill();
      await sleep(random.between(0, 1_500));
      await redis.start('log');
    },
  },
  {
    name: 'Redis: killed, back from an old snapshot',
    boundMs: BOUND_MS,
    run: async ({ redis }, random) => {
      await sleep(random.between(300, 1_000));
      await redis.takeSnapshot();
      await sleep(random.between(1_000, 2_500));
      await redis.kill();
      await redis.start('snapshot');
    },
  },
  {
    name: 'Redis: stopped 10 s across due times',
    boundMs: BOUND_MS,
    run: async ({ redis }, random) => {
      await sleep(random.between(300, 1_000));
      await redis.kill();
      await sleep(10_000);
      await redis.start(random.pick(['nothing', 'log']));
    },
  },
  {
    name: 'Redis: frozen 10 s across due times',
    boundMs: BOUND_MS,
    run: async ({ redis }, random) => {
      await sleep(random.between(300, 1_000));
      redis.freeze();
      await sleep(10_000);
      redis.thaw();
    },
  },
  {
    name: 'Redis: out of memory',
    boundMs: BOUND_MS,
    run: async ({ redis }, random) => {
      await sleep(random.between(300, 1_000));
      await redis.ask((client) => client.config('SET', 'maxmemory', '1'));
      await sleep(random.between(3_000, 5_000));
      await redis.ask((client) => client.config('SET', 'maxmemory', '0'));
    },
  },
];
