import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';

const BOUND_MS = 15_000;

/** PostgreSQL is away. Requests are refused with 503, and what was acknowledged starts when it is back. */
export const POSTGRES_FAULTS: readonly Fault[] = [
  {
    name: 'PostgreSQL crashed and started at once',
    boundMs: BOUND_MS,
    mayRefuse: true,
    run: async (world, random) => {
      await sleep(random.between(500, 2_000));
      await world.without(async () => {
        await world.postgres.crash();
        await world.postgres.start();
      });
    },
  },
  {
    name: 'PostgreSQL stopped 10 s across due times',
    boundMs: BOUND_MS,
    mayRefuse: true,
    run: async (world, random) => {
      await sleep(random.between(500, 1_500));
      await world.without(async () => {
        await world.postgres.stop();
        await sleep(10_000);
        await world.postgres.start();
      });
    },
  },
  {
    name: 'PostgreSQL sessions all terminated',
    boundMs: BOUND_MS,
    mayRefuse: true,
    run: async ({ postgres }, random) => {
      for (let times = 6; times > 0; times -= 1) {
        await sleep(random.between(100, 700));
        await postgres.ask(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'batch-jobs'`,
        );
      }
    },
  },
  {
    name: 'PostgreSQL pool exhausted',
    boundMs: BOUND_MS,
    mayRefuse: true,
    run: async (world, random) => {
      await sleep(random.between(300, 1_000));
      const { client, postgres } = world;
      const session = await postgres.session();
      await world.without(async () => {
        // Whoever wants to write waits for 2 s, more of them than there are sessions.
        await session.query('begin; lock table batch_jobs in access exclusive mode');
        const crowd = Array.from({ length: 30 }, () => client.create('in a crowd', Date.now() + 2_000));
        await sleep(4_000);
        await session.query('rollback');
        await Promise.all(crowd);
      });
      await session.end();
    },
  },
];
