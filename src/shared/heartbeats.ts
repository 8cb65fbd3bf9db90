import { Injectable } from '@nestjs/common';
import { Database } from './database.js';

/** What the workers that are alive say of themselves. */
export interface Workers {
  readonly alive: number;
  /** Queues that a worker takes nothing from, though it should. Each once, sorted. */
  readonly stoppedConsumers: readonly string[];
  /** Loops of which a worker has completed no round for too long. Each once, sorted. */
  readonly stalledLoops: readonly string[];
}

/** From one beat of a worker to the next. */
export const BEAT_INTERVAL_MS = 5_000;

// Three beats missed: one may meet a deadlock, or a moment without PostgreSQL.
const ALIVE = `interval '20 seconds'`;

// Nobody asks for those any more.
const FORGOTTEN = `interval '1 minute'`;

const BEAT = `
  with gone as (
    delete from worker_heartbeats where beat_at < clock_timestamp() - ${FORGOTTEN} and worker_id <> $1
  )
  insert into worker_heartbeats (worker_id, started_at, beat_at, stopped_consumers, stalled_loops)
  values ($1, clock_timestamp(), clock_timestamp(), $2, $3)
  on conflict (worker_id) do update
     set beat_at = excluded.beat_at, stopped_consumers = excluded.stopped_consumers,
         stalled_loops = excluded.stalled_loops`;

const LOOK = `
  with alive as (
    select stopped_consumers, stalled_loops from worker_heartbeats where beat_at > clock_timestamp() - ${ALIVE}
  )
  select (select count(*)::integer from alive) as alive,
         array(select distinct unnest(stopped_consumers) as name from alive order by name) as "stoppedConsumers",
         array(select distinct unnest(stalled_loops) as name from alive order by name) as "stalledLoops"`;

/** The signs of life of workers, for every process to see. */
@Injectable()
export class Heartbeats {
  constructor(private readonly database: Database) {}

  /** Notes that a worker is alive, and forgets those that are not. */
  async beat(workerId: string, stoppedConsumers: readonly string[], stalledLoops: readonly string[]): Promise<void> {
    await this.database.query(BEAT, [workerId, stoppedConsumers, stalledLoops]);
  }

  /** A worker ends as it should. */
  async leave(workerId: string): Promise<void> {
    await this.database.query('delete from worker_heartbeats where worker_id = $1', [workerId]);
  }

  async look(): Promise<Workers> {
    const [workers] = await this.database.query<Workers>(LOOK);
    return workers;
  }
}
