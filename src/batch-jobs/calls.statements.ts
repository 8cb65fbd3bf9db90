import { UNKNOWN_OUTCOME } from './call.outcome.js';
import { MAY_BE_CALLED, NOW, RELIEVE, waitingAtMost } from './calls.sql.js';
import { historyFacts } from './history.sql.js';
import type { ContactStatus } from './contact.status.js';

/*
 * Locks are taken in one order, so that no two statements wait for each other: the organization's slots, the batch's row,
 * the call, the batch's hold, the contact, the counts (by the trigger, at the end of its statement).
 */

/** $1 organization. Whoever hands out its slots holds this until the commit, so that two never count the same free slot. */
export const LOCK_SLOTS = `select pg_advisory_xact_lock(hashtextextended('slots ' || $1, 0))`;

/**
 * In the order of the list. As a range: then only the index by status has the order, and those who were called since
 * PostgreSQL's statistics were made are not passed by one by one.
 */
const NEVER_CALLED = `status between 'pending' and 'pending' order by status, position`;

/**
 * Takes contacts for the free slots of an organization, as one statement on its own snapshot, after `LOCK_SLOTS`.
 *
 * A slot is held by a call that has not ended, and calls are claimed here only: both limits hold whatever else runs.
 * Batches take turns: each free slot goes to the batch with the fewest calls in flight, among equals to the one that has
 * waited longest for a turn. Due retries come before contacts that were never called. A held batch has no turn, and
 * after that as many calls in flight as are allowed for the time being. Those chosen are looked up as an array: as a
 * table they would be expected to be thousands, and joined with every contact there is.
 *
 * $1 organization, $2 ids for the calls: no more are claimed.
 */
export const CLAIM_CALLS = `
  with in_flight as (
    select batch_job_id, count(*)::integer as calls from call_attempts
     where organization_id = $1 and ended_at is null group by batch_job_id
  ), free as (
    select least(cardinality($2::text[]),
                 concurrent_call_limit - (select coalesce(sum(calls), 0)::integer from in_flight)) as slots
      from organizations where id = $1
  ), running as (
    select job.id, coalesce(in_flight.calls, 0) as calls,
           least(free.slots,
                 least(job.concurrent_call_limit, hold.calls_allowed) - coalesce(in_flight.calls, 0)) as slots
      from free, batch_jobs as job left join in_flight on in_flight.batch_job_id = job.id
      left join batch_job_holds as hold on hold.batch_job_id = job.id
     where job.organization_id = $1 and ${MAY_BE_CALLED}
  ), able as (
    select running.*, (
      select count(*) from (
        (select 1 from contacts where batch_job_id = running.id and status = 'queued' and next_retry_at <= ${NOW}
          limit slots)
        union all
        (select 1 from contacts where batch_job_id = running.id and ${NEVER_CALLED} limit slots)
      ) as waiting
    ) as waiting,
    (select max(claimed_at) from call_attempts where batch_job_id = running.id) as last_turn
    from running where slots > 0
  ), turns as (
    select able.id from able, generate_series(1, least(able.slots, able.waiting)) as turn
     order by able.calls + turn, able.last_turn nulls first, able.id
     limit (select greatest(slots, 0) from free)
  ), shares as (
    select id, count(*) as share from turns group by id
  ), chosen as (
    select contact.id from shares cross join lateral (
      select id from (
        select id, 1 as rank from (
          select id from contacts where batch_job_id = shares.id and status = 'queued' and next_retry_at <= ${NOW}
           order by next_retry_at limit shares.share for update skip locked
        ) as due
        union all
        select id, 2 as rank from (
          select id from contacts where batch_job_id = shares.id and ${NEVER_CALLED} limit shares.share for update skip locked
        ) as fresh
      ) as both_kinds order by rank limit shares.share
    ) as contact
  ), claimed as (
    update contacts
       set status = 'dialing', attempt_count = attempt_count + 1, last_attempt_at = clock_timestamp(), next_retry_at = null
     where id = any (array(select id from chosen))
    returning id, batch_job_id, attempt_count
  )
  insert into call_attempts (id, organization_id, batch_job_id, contact_id, attempt, claimed_at)
  select ($2::text[])[row_number() over ()], $1, batch_job_id, id, attempt_count, clock_timestamp() from claimed
  returning id as "callId", organization_id as "organizationId", batch_job_id as "batchJobId"`;

/** A call that has its slot, to be taken and placed. */
export interface ClaimedCall {
  readonly callId: string;
  readonly organizationId: string;
  readonly batchJobId: string;
}

/** A call that was handed out, to be placed by whoever got it. */
export interface TakenCall extends ClaimedCall {
  /**
   * `call_` and a ULID, new for every attempt: what an outcome is reported under, and the idempotency key at the
   * provider.
   */
  readonly callId: string;
  readonly contactId: string;
  /** Who speaks. */
  readonly agentId: string;
  readonly fromPhoneNumberId: string;
  /** E.164. Null when the host application's `OutboundNumbers` keeps it to itself. */
  readonly fromPhoneNumber: string | null;
  /** E.164. */
  readonly toPhoneNumber: string;
  /** The row as uploaded, `phone` included. */
  readonly contactData: Readonly<Record<string, unknown>>;
  /** 1-based. */
  readonly attempt: number;
  readonly maxAttempts: number;
}

/**
 * Hands claimed calls to whoever asks first: from here on the phone may ring, and nobody else gets them. No row: it was
 * handed out, ended, or is no more, or its batch does not run or is held. $1 calls, $2 lease in milliseconds,
 * $3 longest wait for the lock on a batch in milliseconds, a text.
 */
export const TAKE_CALLS = `
  with job as (
    select * from batch_jobs
     where id in (select batch_job_id from call_attempts where id = any ($1)) and ${waitingAtMost('$3')}
     order by id for no key update
  ), taken as (
    update call_attempts as call
       set placed_at = clock_timestamp(),
           lease_ends_at = clock_timestamp() + make_interval(secs => $2::double precision / 1000)
      from job
     where call.id = any ($1) and call.batch_job_id = job.id
       and call.placed_at is null and call.ended_at is null and ${MAY_BE_CALLED}
    returning call.*
  )
  select taken.id as "callId", taken.organization_id as "organizationId", taken.batch_job_id as "batchJobId",
         taken.contact_id as "contactId", job.agent_id as "agentId", job.from_phone_number_id as "fromPhoneNumberId",
         job.from_phone_number as "fromPhoneNumber", contact.phone_number as "toPhoneNumber",
         contact.contact_data as "contactData", taken.attempt, job.max_attempts as "maxAttempts"
    from taken join job on job.id = taken.batch_job_id join contacts as contact on contact.id = taken.contact_id`;

/** Which of the calls $1, handed out before, may still be placed. */
export const LIST_PERMITTED = `
  select call.id as "callId" from call_attempts as call join batch_jobs as job on job.id = call.batch_job_id
   where call.id = any ($1) and call.ended_at is null and ${MAY_BE_CALLED}`;

/** Of which batch the calls $1 are. */
export const LIST_BATCHES_OF = `
  select id as "callId", batch_job_id as "batchJobId" from call_attempts where id = any ($1)`;

/** The provider has it: from now on only the longest call is waited for. $1 call, $2 lease in ms, $3 provider's id, $4 room. */
export const ACCEPT_CALL = `
  with taken as (
    update call_attempts
       set accepted_at = clock_timestamp(), provider_call_id = $3, room_name = $4,
           lease_ends_at = clock_timestamp() + make_interval(secs => $2::double precision / 1000)
     where id = $1 and ended_at is null
    returning batch_job_id, placed_at
  ), ${RELIEVE}
  select from taken`;

/** It goes on: $1 call, $2 further lease in milliseconds. */
export const EXTEND_LEASE = `
  update call_attempts set lease_ends_at = clock_timestamp() + make_interval(secs => $2::double precision / 1000)
   where id = $1 and ended_at is null`;

export interface EndedRow {
  readonly callId: string;
  readonly organizationId: string;
  readonly batchJobId: string;
  readonly attempt: number;
  /** False: another report came first, and nothing was changed. */
  readonly isNew: boolean;
  /** Null when the batch was deleted meanwhile, and when nothing was changed. */
  readonly contactStatus: ContactStatus | null;
  /** Null unless the contact waits for another call. */
  readonly nextRetryAt: Date | null;
}

/** A call whose outcome nobody knew, and whose contact waits for the next call or has ended by it. */
const IS_CORRECTION = `
  call.reason = '${UNKNOWN_OUTCOME}' and found.reason is distinct from '${UNKNOWN_OUTCOME}' and exists (
    select from contacts where id = call.contact_id and attempt_count = call.attempt and status <> 'dialing')`;

/**
 * Ends calls, each once, but for a definite report that comes after the call was taken for unknown: it corrects what was
 * written, as long as nobody has been called again. Frees their slots, and writes the contacts as ended or as waiting for their next call. No row:
 * there is no such call. One that ends before it was accepted was taken by the provider all the same. A contact waits
 * only while its batch may still call it, which the lock on the batch's row settles.
 *
 * $1 delays before the next call in ms (of attempt 1, 2, …; the last repeats), then of each call: $2 id, $3 outcome,
 * $4 contact status, $5 shortest delay in ms, $6 error code, $7 reason, $8 room, $9 provider's id, $10 seconds,
 * $11 organization (null: any); $12 longest wait for the lock on a batch in ms, a text.
 */
export const END_CALLS = `
  with report as (
    select * from unnest($2::text[], $3::text[], $4::text[], $5::double precision[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::integer[], $11::text[])
      as report (call_id, outcome, status, least_ms, error_code, reason, room_name, provider_call_id, seconds,
                 of_organization)
  ), found as (
    select call.id, call.organization_id, call.batch_job_id, call.attempt, report.*
      from report join call_attempts as call on call.id = report.call_id
     where report.of_organization is null or call.organization_id = report.of_organization
  ), job as (
    select id, status, max_attempts, retryable_statuses from batch_jobs
     where id in (select batch_job_id from found) and ${waitingAtMost('$12')}
     order by id for no key update
  ), ended as (
    update call_attempts as call
       set ended_at = coalesce(call.ended_at, clock_timestamp()), outcome = found.outcome,
           error_code = found.error_code, reason = found.reason, room_name = coalesce(found.room_name, call.room_name),
           provider_call_id = coalesce(found.provider_call_id, call.provider_call_id), duration_seconds = found.seconds
      from found left join job on job.id = found.batch_job_id
     where call.id = found.id and (call.ended_at is null or (${IS_CORRECTION}))
    returning call.*, found.status as contact_status, found.least_ms,
              coalesce(found.status = any (job.retryable_statuses) and job.status in ('running', 'paused')
                         and call.attempt < job.max_attempts, false) as is_retried
  ), contact as (
    update contacts
       set status = case when ended.is_retried then 'queued' else ended.contact_status end,
           next_retry_at = case when ended.is_retried then ended.ended_at + make_interval(secs => greatest(
             ended.least_ms,
             ($1::double precision[])[least(ended.attempt, cardinality($1::double precision[]))]) / 1000) end,
           completed_at = case when not ended.is_retried then ended.ended_at end,
           error_code = ended.error_code, failure_reason = ended.reason, room_name = ended.room_name,
           call_duration_seconds = ended.duration_seconds
      from ended where contacts.id = ended.contact_id and contacts.attempt_count = ended.attempt
    returning contacts.id, contacts.status, contacts.next_retry_at
  ), taken as (
    select batch_job_id, placed_at from ended where accepted_at is null and reason is distinct from '${UNKNOWN_OUTCOME}'
  ), ${RELIEVE}
  select found.id as "callId", found.organization_id as "organizationId", found.batch_job_id as "batchJobId",
         found.attempt, ended.id is not null as "isNew", contact.status as "contactStatus",
         contact.next_retry_at as "nextRetryAt"
    from found left join ended on ended.id = found.id left join contact on contact.id = ended.contact_id`;

/** Batches of an organization that have no contact left to call. By the counters: an ended contact stays ended. $1 organization. */
export const COMPLETE_BATCHES = `
  with done as (
    select job.id from batch_jobs as job
     where job.organization_id = $1 and job.status = 'running' and job.total_contacts = (
       select sum(contacts) from contact_counts
        where batch_job_id = job.id and contact_counts.status not in ('pending', 'queued', 'dialing'))
     order by job.id for no key update
  ), completed as (
    update batch_jobs as job set status = 'completed', completed_at = clock_timestamp()
      from done where job.id = done.id and job.status = 'running'
    returning job.*
  ), released as (
    delete from batch_job_holds where batch_job_id in (select id from completed)
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
    select id, organization_id, 'completed', 'system', null, null,
           ${historyFacts('completed')} || '{"status": "running"}', ${historyFacts('completed')} from completed
  )
  select id as "batchJobId" from completed`;

/** Fails a running batch; its waiting contacts are cancelled by `CANCEL_WAITING`. $1 job, $2 reason. */
export const FAIL_BATCH = `
  with failed as (
    update batch_jobs as job set status = 'failed', completed_at = clock_timestamp(), failure_reason = $2
     where job.id = $1 and job.status = 'running'
    returning job.*
  ), released as (
    delete from batch_job_holds where batch_job_id in (select id from failed)
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
    select id, organization_id, 'failed', 'system', null, $2,
           ${historyFacts('failed')} || '{"status": "running"}', ${historyFacts('failed')} from failed
  )
  select id as "batchJobId" from failed`;
