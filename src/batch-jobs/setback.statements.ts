import { historyFacts } from './history.sql.js';

// How long one setback holds a batch; each further one in a row doubles it. Short enough that a call service that is
// restarted costs seconds, and a batch of it no more than the longest of them.
const FIRST_HOLD_SECONDS = 1;
const LONGEST_HOLD_SECONDS = 30;

/** Keeps 2 to the power of it far from the end of all numbers. */
const MOST_DOUBLINGS = 10;

/**
 * The batch of a call, locked, so that the next statement sees its hold as the last holder of the lock left it; and
 * when what is to be a setback was begun. $1 call, $2 milliseconds since then (null: it was when the call was placed).
 */
export const LOCK_BATCH_OF_CALL = `
  select job.id as "batchJobId", job.organization_id as "organizationId",
         coalesce(clock_timestamp() - make_interval(secs => $2::double precision / 1000), call.placed_at) as "begunAt"
    from call_attempts as call join batch_jobs as job on job.id = call.batch_job_id
   where call.id = $1 and call.placed_at is not null for no key update of job`;

export interface SetbackRow {
  /** In a row, this one included. */
  readonly setbacks: number;
  readonly heldUntil: Date;
  /** It was one too many: the batch has been paused. */
  readonly isPaused: boolean;
}

/**
 * Counts a setback of a running batch whose row is locked: nothing of it is placed for a while, and then no more calls
 * at one time than the provider has taken, and half of those that it has not answered yet. What was begun before the
 * last setback belongs to that one, so that five calls which fail together are one setback; it may prolong the hold all
 * the same. No row: it was not counted.
 *
 * $1 job, $2 when it was begun, $3 reason, $4 error code, $5 shortest hold in ms (null: as ours), $6 reasons that are
 * in a row with it, $7 setbacks in a row after which the batch is paused (null: never).
 */
export const SET_BACK = `
  with before as (
    select * from batch_job_holds where batch_job_id = $1
  ), setback as (
    select job.id, clock_timestamp() as at, $2::timestamptz > coalesce(before.set_at, '-infinity') as is_counted,
           case when before.reason = any ($6) then before.setbacks else 0 end + 1 as setbacks,
           least(job.concurrent_call_limit, in_flight.accepted + greatest(1, in_flight.asked / 2)) as calls_allowed
      from batch_jobs as job left join before on true cross join lateral (
             select count(accepted_at)::integer as accepted,
                    count(*) filter (where placed_at is not null and accepted_at is null)::integer as asked
               from call_attempts as call
              where call.organization_id = job.organization_id and call.batch_job_id = job.id and call.ended_at is null
           ) as in_flight
     where job.id = $1 and job.status = 'running'
  ), prolonged as (
    update batch_job_holds as hold
       set held_until = greatest(hold.held_until, setback.at + make_interval(secs => $5::double precision / 1000))
      from setback where hold.batch_job_id = setback.id and not setback.is_counted
  ), hold as (
    insert into batch_job_holds as hold (batch_job_id, reason, error_code, setbacks, set_at, held_until, calls_allowed)
    select id, $3, $4, setbacks, at, at + make_interval(secs => greatest(
             $5::double precision / 1000,
             least(${LONGEST_HOLD_SECONDS}, ${FIRST_HOLD_SECONDS} * power(2, least(setbacks - 1, ${MOST_DOUBLINGS}))))),
           calls_allowed
      from setback where is_counted
    on conflict (batch_job_id) do update
       set reason = excluded.reason, error_code = excluded.error_code, setbacks = excluded.setbacks,
           set_at = excluded.set_at, held_until = greatest(hold.held_until, excluded.held_until),
           calls_allowed = excluded.calls_allowed
    returning *
  ), paused as (
    update batch_jobs as job set status = 'paused', pause_reason = $3
      from hold where job.id = hold.batch_job_id and hold.setbacks >= $7::integer
    returning job.*
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
    select id, organization_id, 'paused', 'system', null, $3,
           ${historyFacts('paused')} || '{"status": "running"}', ${historyFacts('paused')} from paused
  )
  select hold.setbacks, hold.held_until as "heldUntil", paused.id is not null as "isPaused"
    from hold left join paused on true`;
