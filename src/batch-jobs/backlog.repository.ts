import { Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';

/** What should have been done by now. */
export interface Backlog {
  /** Age of the oldest call that is claimed and not placed. Null: there is none. */
  readonly oldestUnplacedCallSeconds: number | null;
  /** How long the oldest start has been due that was not made. Null: there is none. */
  readonly oldestOverdueStartSeconds: number | null;
}

const LOOK = `
  select (select extract(epoch from clock_timestamp() - min(claimed_at))::double precision
            from call_attempts where ended_at is null and placed_at is null) as "oldestUnplacedCallSeconds",
         (select extract(epoch from clock_timestamp() - min(starts_at))::double precision
            from batch_jobs where status = 'scheduled' and starts_at < (select clock_timestamp()))
           as "oldestOverdueStartSeconds"`;

/** Measures what waits, in all organizations. */
@Injectable()
export class BacklogRepository {
  constructor(private readonly database: Database) {}

  async look(): Promise<Backlog> {
    const [backlog] = await this.database.query<Backlog>(LOOK);
    return backlog;
  }
}
