import { WAITING_SQL } from './contact.status.js';

/** SQL that several statements on calls have in common. */

/** The time as one value of the statement: called for each row it could not be looked up in an index. */
export const NOW = '(select clock_timestamp())';

/**
 * A condition that is true, on rows that are to be locked: `:lockTimeoutMs`, a number as a text, is how long the statement
 * waits for the lock on each. Instead of what the session waits otherwise, until the end of the transaction.
 */
export const WAITING_AT_MOST = `(select set_config('lock_timeout', :lockTimeoutMs, true)) is not null`;

/** Whether calls of a batch, known in the statement as `job`, may be placed at the moment. */
export const MAY_BE_CALLED = `(job.status = 'running' and not exists (
    select from batch_job_holds where batch_job_id = job.id and held_until > ${NOW}))`;

/**
 * How many calls of the job `:batchJobId` were claimed and not handed to the dialer yet: whoever places them finds the job
 * changed, and gives them back.
 */
export const UNPLACED =
  '(select count(*) from call_attempts where batch_job_id = :batchJobId and ended_at is null and placed_at is null)';

/** How many contacts of the job `:batchJobId` wait for a call, by the counters, with those of `UNPLACED`. */
export const NOT_YET_CALLED = `select ${UNPLACED} + coalesce(sum(contacts), 0) from contact_counts
              where batch_job_id = :batchJobId and contact_counts.status in ${WAITING_SQL}`;

/**
 * Queries of a `with`: what it means to held batches that the provider has taken calls, which the query `taken` names
 * by `batch_job_id` and `placed_at`. No setback is one in a row any more, and each call that was placed after the hold
 * was set allows one more; the hold goes when as many are allowed as the batch may have.
 */
export const RELIEVE = `
  relief as (
    select hold.batch_job_id, job.concurrent_call_limit as call_limit,
           count(*) filter (where taken.placed_at > hold.set_at)::integer as calls
      from taken join batch_job_holds as hold on hold.batch_job_id = taken.batch_job_id
      join batch_jobs as job on job.id = hold.batch_job_id
     group by hold.batch_job_id, job.concurrent_call_limit
  ), relieved as (
    update batch_job_holds as hold set setbacks = 0, calls_allowed = hold.calls_allowed + relief.calls
      from relief
     where hold.batch_job_id = relief.batch_job_id and hold.calls_allowed + relief.calls < relief.call_limit
  ), released as (
    delete from batch_job_holds as hold using relief
     where hold.batch_job_id = relief.batch_job_id and hold.calls_allowed + relief.calls >= relief.call_limit
  )`;
