import { run as runWorker, runMigrations } from 'graphile-worker';
import { Pool } from 'pg';
import { batches, databaseUrl, INSERT, insertParameters, listen, run, TABLE } from './peer.js';

/* Graphile Worker: row and timer in one database, moved by one statement. `job_key` makes `add_job` replace the timer. */

const pool = new Pool({ connectionString: databaseUrl });
const ADD_JOB = `graphile_worker.add_job(
    'start', json_build_object('id', id), run_at => starts_at, job_key => id, job_key_mode => 'replace')`;
const MOVE = {
  name: 'move',
  text: `
    with moved as (
      update batches set starts_at = $2 where id = $1 and status = 'scheduled' returning id, starts_at
    )
    select (${ADD_JOB}).id from moved`,
};

await run({
  async seed(count) {
    await runMigrations({ pgPool: pool });
    await pool.query(TABLE);
    await pool.query(INSERT, insertParameters(batches(count)));
    await pool.query(`select count(${ADD_JOB}) from batches`);
  },

  api: (port) =>
    listen(port, async ({ id, startsAt }) => {
      const { rowCount } = await pool.query({ ...MOVE, values: [id, startsAt] });
      return rowCount === 1;
    }),

  worker: () =>
    runWorker({
      pgPool: pool,
      concurrency: 10,
      taskList: {
        start: async (payload, helpers) => {
          const { id } = payload as { id: string };
          await helpers.query(`update batches set status = 'running' where id = $1 and status = 'scheduled'`, [id]);
        },
      },
    }),

  async mismatches() {
    const { rows } = await pool.query<{ count: number }>(
      `select count(*)::integer from batches full join graphile_worker.jobs on key = batches.id
        where run_at is distinct from starts_at`,
    );
    return rows[0].count;
  },
});
