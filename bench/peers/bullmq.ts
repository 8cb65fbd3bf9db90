import { Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import {
  batches,
  countMismatches,
  databaseUrl,
  firingTimes,
  INSERT,
  insertParameters,
  listen,
  redisUrl,
  run,
  TABLE,
  type Batch,
} from './peer.js';

/* BullMQ as its documentation has it: one delayed job for each batch, under the batch's id, moved by `changeDelay`. */

const pool = new Pool({ connectionString: databaseUrl });
const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
const queue = () => new Queue('starts', { connection });
const MOVE = {
  name: 'move',
  text: `update batches set starts_at = $2 where id = $1 and status = 'scheduled'`,
};

await run({
  async seed(count) {
    const all = batches(count);
    await pool.query(TABLE);
    await pool.query(INSERT, insertParameters(all));
    const starts = queue();
    for (let at = 0; at < count; at += 1_000) {
      await starts.addBulk(
        all.slice(at, at + 1_000).map(({ id, startsAt }) => ({
          name: 'start',
          data: { id },
          opts: { jobId: `batch-${id}`, delay: startsAt.getTime() - Date.now(), removeOnComplete: true },
        })),
      );
    }
  },

  api: (port) => {
    const starts = queue();
    return listen(port, async ({ id, startsAt }) => {
      const { rowCount } = await pool.query({ ...MOVE, values: [id, startsAt] });
      if (rowCount === 0) return false;
      const job = await Job.fromId(starts, `batch-${id}`);
      await job?.changeDelay(startsAt.getTime() - Date.now());
      return job !== undefined;
    });
  },

  worker: async () => {
    const start = ({ data }: Job<{ id: string }>) =>
      pool.query(`update batches set status = 'running' where id = $1 and status = 'scheduled'`, [data.id]);
    await new Worker<{ id: string }>('starts', start, { connection }).waitUntilReady();
  },

  async mismatches() {
    const { rows } = await pool.query<Batch>('select id, starts_at as "startsAt" from batches');
    const firing = firingTimes(await connection.zrange('bull:starts:delayed', 0, -1, 'WITHSCORES'));
    return countMismatches(rows, new Map([...firing].map(([id, at]) => [id.replace('batch-', ''), at])));
  },
});
