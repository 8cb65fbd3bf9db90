import { integer, listOf, statement, text } from './statement.js';
/** What the workers that are alive say of themselves. */
export interface Workers {
  readonly alive: number;
  /** Queues that a worker takes nothing from, though it should. Each once, sorted. */
  readonly stoppedConsumers: readonly string[];
  /** Loops of which a worker has completed no round for too long. Each once, sorted. */
  readonly stalledLoops: readonly string[];
}

// Three beats missed: one may meet a deadlock, or a moment without PostgreSQL.
const ALIVE = `interval '20 seconds'`;

// Nobody asks for those any more.
const FORGOTTEN = `interval '1 minute'`;

export const BEAT = statement({
  sql: `
  with gone as (
    delete from worker_heartbeats where beat_at < clock_timestamp() - ${FORGOTTEN} and worker_id <> :workerId
  )
  insert into worker_heartbeats (worker_id, started_at, beat_at, stopped_consumers, stalled_loops)
  values (:workerId, clock_timestamp(), clock_timestamp(), :stoppedConsumers, :stalledLoops)
  on conflict (worker_id) do update
     set beat_at = excluded.beat_at, stopped_consumers = excluded.stopped_consumers,
         stalled_loops = excluded.stalled_loops`,
  parameters: { workerId: text, stoppedConsumers: listOf(text), stalledLoops: listOf(text) },
  columns: {},
});

export const LOOK_AT_WORKERS = statement<object, Workers>({
  sql: `
  with alive as (
    select stopped_consumers, stalled_loops from worker_heartbeats where beat_at > clock_timestamp() - ${ALIVE}
  )
  select (select count(*)::integer from alive) as alive,
         array(select distinct unnest(stopped_consumers) as name from alive order by name) as "stoppedConsumers",
         array(select distinct unnest(stalled_loops) as name from alive order by name) as "stalledLoops"`,
  parameters: {},
  columns: { alive: integer, stoppedConsumers: listOf(text), stalledLoops: listOf(text) },
});

export const LEAVE = statement({
  sql: 'delete from worker_heartbeats where worker_id = :workerId',
  parameters: { workerId: text },
  columns: {},
});
