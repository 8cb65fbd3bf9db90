import { Redis } from 'ioredis';
import { Pool } from 'pg';
import {
  batches,
  countMismatches,
  databaseUrl,
  INSERT,
  insertParameters,
  listen,
  redisUrl,
  run,
  TABLE,
} from './peer.js';
import type { Batch } from './peer.js';

/* The least that anybody could do: one prepared UPDATE, one ZADD. No queue, no checks; nothing starts a batch. */

const pool = new Pool({ connectionString: databaseUrl });
const redis = new Redis(redisUrl);
const MOVE = {
  name: 'move',
  text: `update batches set starts_at = $2 where id = $1 and status = 'scheduled'`,
};

await run({
  async seed(count) {
    const all = batches(count);
    await pool.query(TABLE);
    await pool.query(INSERT, insertParameters(all));
    await redis.zadd('starts', ...all.flatMap(({ id, startsAt }) => [startsAt.getTime(), id]));
  },

  api: (port) =>
    listen(port, async ({ id, startsAt }) => {
      const { rowCount } = await pool.query({ ...MOVE, values: [id, startsAt] });
      if (rowCount === 0) return false;
      await redis.zadd('starts', startsAt.getTime(), id);
      return true;
    }),

  async mismatches() {
    const { rows } = await pool.query<Batch>('select id, starts_at as "startsAt" from batches');
    const members = await redis.zrange('starts', 0, -1, 'WITHSCORES');
    const pairs = Array.from({ length: members.length / 2 }, (_, at) => members.slice(at * 2, at * 2 + 2));
    return countMismatches(rows, new Map(pairs.map(([id, score]) => [id, Number(score)])));
  },
});
