import { boolean, integer, statement, text, timestamp, type Shape, type Statement } from '../shared/statement.js';
import type { EndedRow } from './call-ends.statements.js';
import { MAY_BE_CALLED } from './calls.sql.js';
import { WAITING_SQL } from './contact.status.js';

/** A call that was to be given back: not `isNew` when it has ended, or is to be kept. */
export interface GivenBackRow extends EndedRow {
  /** Null when it was only claimed. */
  readonly placedAt: Date | null;
}

const COLUMNS: Shape<GivenBackRow> = {
  callId: text,
  organizationId: text,
  batchJobId: text,
  attempt: integer,
  isNew: boolean,
  contactStatus: text,
  nextRetryAt: timestamp,
  placedAt: timestamp,
};

interface GiveBackParameters {
  readonly callId: string;
  /** Only a call of this one. Null: of any. */
  readonly organizationId: string | null;
}

/**
 * Unmakes a call: there is no attempt, its slot is free, and its contact is as it was before. One of a batch that has
 * ended is cancelled with it, and one that is no longer allowed another call ends as its last one did. No row: there is
 * no such call.
 *
 * @param condition on the `call`, of the `job` that is locked
 */
const giveBack = (condition: string): Statement<GiveBackParameters, GivenBackRow> =>
  statement<GiveBackParameters, GivenBackRow>({
    sql: `
  with found as (
    select * from call_attempts where id = :callId and (:organizationId::text is null or organization_id = :organizationId)
  ), job as (
    select * from batch_jobs where id = (select batch_job_id from found) for no key update
  ), returned as (
    delete from call_attempts as call using found left join job on job.id = found.batch_job_id
     where call.id = found.id and call.ended_at is null and ${condition}
    returning call.*
  ), earlier as (
    select call.* from returned join call_attempts as call on call.contact_id = returned.contact_id
     where call.id <> returned.id order by call.attempt desc limit 1
  ), back as (
    select returned.contact_id, returned.attempt - 1 as attempts,
           case when job.status not in ('running', 'paused') then 'cancelled'
                when returned.attempt = 1 then 'pending'
                when returned.attempt > job.max_attempts or earlier.outcome <> all (job.retryable_statuses)
                  then earlier.outcome
                else 'queued' end as status,
           earlier.placed_at, earlier.error_code, earlier.reason, earlier.room_name, earlier.duration_seconds
      from returned cross join job left join earlier on true
  ), contact as (
    update contacts
       set status = back.status, attempt_count = back.attempts, last_attempt_at = back.placed_at,
           completed_at = case when back.status not in ${WAITING_SQL} then clock_timestamp() end,
           next_retry_at = case when back.status = 'queued' then clock_timestamp() end,
           error_code = back.error_code, failure_reason = back.reason, room_name = back.room_name,
           call_duration_seconds = back.duration_seconds
      from back where contacts.id = back.contact_id
    returning contacts.status, contacts.next_retry_at
  )
  select found.id as "callId", found.organization_id as "organizationId", found.batch_job_id as "batchJobId",
         found.attempt, returned.id is not null as "isNew", contact.status as "contactStatus",
         contact.next_retry_at as "nextRetryAt", found.placed_at as "placedAt"
    from found left join returned on true left join contact on true`,
    parameters: { callId: text, organizationId: text },
    columns: COLUMNS,
  });

/** A call that was certainly not placed. */
export const GIVE_BACK_CALL = giveBack('true');

/** A claim of which nobody has taken the call, because its batch does not run, or is held. */
export const WITHDRAW_CALL = giveBack(`call.placed_at is null and not coalesce(${MAY_BE_CALLED}, false)`);
