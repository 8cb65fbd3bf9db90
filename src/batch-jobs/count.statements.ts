import { count, integer, statement, text, timestamp } from '../shared/statement.js';
import type { BatchJobStatus } from './batch-job.status.js';

interface CountParameters {
  readonly organizationId: string;
  /** Null: in any. */
  readonly status: BatchJobStatus | null;
  /** Place in the list, newest first. */
  readonly offset: number;
}

/** How many jobs a list has, and on which day the one at that place was created. */
interface CountedList {
  readonly total: number;
  /** Jobs of the list that were created after that day. */
  readonly newer: number;
  /** The end of that day, exclusive. Null: there are none. */
  readonly createdBefore: Date | null;
}

/** By the counters: at most seven rows for each day on which a job was created. */
export const COUNT_JOBS = statement<CountParameters, CountedList>({
  sql: `
  with changed as (
    select created_on, batch_jobs from batch_job_counts
     where organization_id = :organizationId and (:status::text is null or status = :status)
    union all
    select created_on, change from batch_job_count_changes
     where organization_id = :organizationId and (:status::text is null or status = :status)
  ), days as (
    select created_on, sum(batch_jobs) as jobs from changed group by created_on
  ), newest_first as (
    select created_on, sum(jobs) over () as total, sum(jobs) over (order by created_on desc) - jobs as newer from days
  )
  select coalesce(max(total), 0)::integer as total,
         coalesce(max(newer) filter (where newer <= :offset::bigint), 0)::integer as newer,
         (min(created_on) filter (where newer <= :offset::bigint) + 1)::timestamp at time zone 'UTC' as "createdBefore"
    from newest_first`,
  parameters: { organizationId: text, status: text, offset: count },
  columns: { total: integer, newer: integer, createdBefore: timestamp },
});

/** Adds appended changes up, some at a time. Nobody who appends one is waited for, or waits. */
export const FOLD_COUNT_CHANGES = statement<{ readonly limit: number }, { readonly changes: number }>({
  sql: `
  with appended as (
    select ctid from batch_job_count_changes
     order by organization_id, id limit :limit for update skip locked
  ), taken as (
    delete from batch_job_count_changes where ctid = any (array(select ctid from appended)) returning *
  ), folded as (
    insert into batch_job_counts as known (organization_id, status, created_on, batch_jobs)
    select organization_id, status, created_on, sum(change) from taken
     group by organization_id, status, created_on having sum(change) <> 0 order by organization_id, status, created_on
    on conflict (organization_id, status, created_on) do update set batch_jobs = known.batch_jobs + excluded.batch_jobs
  )
  select count(*)::integer as changes from taken`,
  parameters: { limit: count },
  columns: { changes: integer },
});
