import { boolean, double, integer, listOf, statement, text, timestamp } from '../shared/statement.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { SnoozeReason } from './call.snooze.js';
import { historyFacts } from './history.sql.js';

// How long one setback holds a batch; each further one in a row doubles it. Short enough that a call service that is
// restarted costs seconds, and a batch of it no more than the longest of them.
const FIRST_HOLD_SECONDS = 1;
const LONGEST_HOLD_SECONDS = 30;

/** Keeps 2 to the power of it far from the end of all numbers. */
const MOST_DOUBLINGS = 10;

/** The batch of a call, locked. */
export interface LockedBatch {
  readonly batchJobId: BatchJobId;
  readonly organizationId: string;
  /** When what is to be a setback was begun. */
  readonly begunAt: Date;
}

interface LockParameters {
  readonly callId: string;
  /** When what is to be a setback was begun. Null: when the call was placed. */
  readonly begunMsAgo: number | null;
}

/**
 * The batch of a call, locked, so that the next statement sees its hold as the last holder of the lock left it; and
 * when what is to be a setback was begun.
 */
export const LOCK_BATCH_OF_CALL = statement<LockParameters, LockedBatch>({
  sql: `
  select job.id as "batchJobId", job.organization_id as "organizationId",
         coalesce(clock_timestamp() - make_interval(secs => :begunMsAgo::double precision / 1000), call.placed_at) as "begunAt"
    from call_attempts as call join batch_jobs as job on job.id = call.batch_job_id
   where call.id = :callId and call.placed_at is not null for no key update of job`,
  parameters: { callId: text, begunMsAgo: double },
  columns: { batchJobId: text, organizationId: text, begunAt: timestamp },
});

export interface SetbackRow {
  /** In a row, this one included. */
  readonly setbacks: number;
  readonly heldUntil: Date;
  /** It was one too many: the batch has been paused. */
  readonly isPaused: boolean;
}

interface SetBackParameters extends Omit<LockedBatch, 'organizationId'> {
  readonly reason: SnoozeReason;
  readonly errorCode: string | null;
  /** Shortest hold. Null: as ours. */
  readonly retryAfterMs: number | null;
  /** Reasons that are in a row with this one. */
  readonly inARowWith: readonly SnoozeReason[];
  /** So many in a row pause the batch. Null: none do. */
  readonly pausesAfter: number | null;
}

/**
 * Counts a setback of a running batch whose row is locked: nothing of it is placed for a while, and then no more calls
 * at one time than the provider has taken, and half of those that it has not answered yet. What was begun before the
 * last setback belongs to that one, so that five calls which fail together are one setback; it may prolong the hold all
 * the same. No row: it was not counted.
 */
export const SET_BACK = statement<SetBackParameters, SetbackRow>({
  sql: `
  with before as (
    select * from batch_job_holds where batch_job_id = :batchJobId
  ), setback as (
    select job.id, clock_timestamp() as at, :begunAt::timestamptz > coalesce(before.set_at, '-infinity') as is_counted,
           case when before.reason = any (:inARowWith) then before.setbacks else 0 end + 1 as setbacks,
           least(job.concurrent_call_limit, in_flight.accepted + greatest(1, in_flight.asked / 2)) as calls_allowed
      from batch_jobs as job left join before on true cross join lateral (
             select count(accepted_at)::integer as accepted,
                    count(*) filter (where placed_at is not null and accepted_at is null)::integer as asked
               from call_attempts as call
              where call.organization_id = job.organization_id and call.batch_job_id = job.id and call.ended_at is null
           ) as in_flight
     where job.id = :batchJobId and job.status = 'running'
  ), prolonged as (
    update batch_job_holds as hold
       set held_until = greatest(hold.held_until, setback.at + make_interval(secs => :retryAfterMs::double precision / 1000))
      from setback where hold.batch_job_id = setback.id and not setback.is_counted
  ), hold as (
    insert into batch_job_holds as hold (batch_job_id, reason, error_code, setbacks, set_at, held_until, calls_allowed)
    select id, :reason, :errorCode, setbacks, at, at + make_interval(secs => greatest(
             :retryAfterMs::double precision / 1000,
             least(${LONGEST_HOLD_SECONDS}, ${FIRST_HOLD_SECONDS} * power(2, least(setbacks - 1, ${MOST_DOUBLINGS}))))),
           calls_allowed
      from setback where is_counted
    on conflict (batch_job_id) do update
       set reason = excluded.reason, error_code = excluded.error_code, setbacks = excluded.setbacks,
           set_at = excluded.set_at, held_until = greatest(hold.held_until, excluded.held_until),
           calls_allowed = excluded.calls_allowed
    returning *
  ), paused as (
    update batch_jobs as job set status = 'paused', pause_reason = :reason
      from hold where job.id = hold.batch_job_id and hold.setbacks >= :pausesAfter::integer
    returning job.*
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
    select id, organization_id, 'paused', 'system', null, :reason,
           ${historyFacts('paused')} || '{"status": "running"}', ${historyFacts('paused')} from paused
  )
  select hold.setbacks, hold.held_until as "heldUntil", paused.id is not null as "isPaused"
    from hold left join paused on true`,
  parameters: {
    batchJobId: text,
    begunAt: timestamp,
    reason: text,
    errorCode: text,
    retryAfterMs: double,
    inARowWith: listOf(text),
    pausesAfter: integer,
  },
  columns: { setbacks: integer, heldUntil: timestamp, isPaused: boolean },
});
