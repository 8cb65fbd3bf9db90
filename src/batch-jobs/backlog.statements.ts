import { double, statement } from '../shared/statement.js';
/** What should have been done by now. */
export interface Backlog {
  /** Age of the oldest call that is claimed and not placed. Null: there is none. */
  readonly oldestUnplacedCallSeconds: number | null;
  /** How long the oldest start has been due that was not made. Null: there is none. */
  readonly oldestOverdueStartSeconds: number | null;
}

export const LOOK_AT_BACKLOG = statement<object, Backlog>({
  sql: `
  select (select extract(epoch from clock_timestamp() - min(claimed_at))::double precision
            from call_attempts where ended_at is null and placed_at is null) as "oldestUnplacedCallSeconds",
         (select extract(epoch from clock_timestamp() - min(starts_at))::double precision
            from batch_jobs where status = 'scheduled' and starts_at < (select clock_timestamp()))
           as "oldestOverdueStartSeconds"`,
  parameters: {},
  columns: { oldestUnplacedCallSeconds: double, oldestOverdueStartSeconds: double },
});
