import { double, integer, json, listOf, statement, text } from '../shared/statement.js';
import { MAY_BE_CALLED, NOW, RELIEVE, WAITING_AT_MOST } from './calls.sql.js';

/*
 * Locks are taken in one order, so that no two statements wait for each other: the organization's slots, the batch's row,
 * the call, the batch's hold, the contact, the counts (by the trigger, at the end of its statement).
 */

/** Whoever hands out its slots holds this until the commit, so that two never count the same free slot. */
export const LOCK_SLOTS = statement({
  sql: `
  select from pg_advisory_xact_lock(hashtextextended('slots ' || :organizationId, 0))`,
  parameters: { organizationId: text },
  columns: {},
});

/**
 * In the order of the list. As a range: then only the index by status has the order, and those who were called since
 * PostgreSQL's statistics were made are not passed by one by one.
 */
const NEVER_CALLED = `status between 'pending' and 'pending' order by status, position`;

interface ClaimParameters {
  readonly organizationId: string;
  /** New ones: no more calls are claimed. */
  readonly callIds: readonly string[];
}

/**
 * Takes contacts for the free slots of an organization, as one statement on its own snapshot, after `LOCK_SLOTS`.
 *
 * A slot is held by a call that has not ended, and calls are claimed here only: both limits hold whatever else runs.
 * Batches take turns: each free slot goes to the batch with the fewest calls in flight, among equals to the one that has
 * waited longest for a turn. Due retries come before contacts that were never called. A held batch has no turn, and
 * after that as many calls in flight as are allowed for the time being. Those chosen are looked up as an array: as a
 * table they would be expected to be thousands, and joined with every contact there is.
 */
export const CLAIM_CALLS = statement<ClaimParameters, ClaimedCall>({
  sql: `
  with in_flight as (
    select batch_job_id, count(*)::integer as calls from call_attempts
     where organization_id = :organizationId and ended_at is null group by batch_job_id
  ), free as (
    select least(cardinality(:callIds::text[]),
                 concurrent_call_limit - (select coalesce(sum(calls), 0)::integer from in_flight)) as slots
      from organizations where id = :organizationId
  ), running as (
    select job.id, coalesce(in_flight.calls, 0) as calls,
           least(free.slots,
                 least(job.concurrent_call_limit, hold.calls_allowed) - coalesce(in_flight.calls, 0)) as slots
      from free, batch_jobs as job left join in_flight on in_flight.batch_job_id = job.id
      left join batch_job_holds as hold on hold.batch_job_id = job.id
     where job.organization_id = :organizationId and ${MAY_BE_CALLED}
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
  select (:callIds::text[])[row_number() over ()], :organizationId, batch_job_id, id, attempt_count, clock_timestamp() from claimed
  returning id as "callId", organization_id as "organizationId", batch_job_id as "batchJobId"`,
  parameters: { organizationId: text, callIds: listOf(text) },
  columns: { callId: text, organizationId: text, batchJobId: text },
});

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

interface TakeParameters {
  readonly callIds: readonly string[];
  readonly leaseMs: number;
  /** See `WAITING_AT_MOST`. */
  readonly lockTimeoutMs: string;
}

/**
 * Hands claimed calls to whoever asks first: from here on the phone may ring, and nobody else gets them. No row: it was
 * handed out, ended, or is no more, or its batch does not run or is held.
 */
export const TAKE_CALLS = statement<TakeParameters, TakenCall>({
  sql: `
  with job as (
    select * from batch_jobs
     where id in (select batch_job_id from call_attempts where id = any (:callIds)) and ${WAITING_AT_MOST}
     order by id for no key update
  ), taken as (
    update call_attempts as call
       set placed_at = clock_timestamp(),
           lease_ends_at = clock_timestamp() + make_interval(secs => :leaseMs::double precision / 1000)
      from job
     where call.id = any (:callIds) and call.batch_job_id = job.id
       and call.placed_at is null and call.ended_at is null and ${MAY_BE_CALLED}
    returning call.*
  )
  select taken.id as "callId", taken.organization_id as "organizationId", taken.batch_job_id as "batchJobId",
         taken.contact_id as "contactId", job.agent_id as "agentId", job.from_phone_number_id as "fromPhoneNumberId",
         job.from_phone_number as "fromPhoneNumber", contact.phone_number as "toPhoneNumber",
         contact.contact_data as "contactData", taken.attempt, job.max_attempts as "maxAttempts"
    from taken join job on job.id = taken.batch_job_id join contacts as contact on contact.id = taken.contact_id`,
  parameters: { callIds: listOf(text), leaseMs: double, lockTimeoutMs: text },
  columns: {
    callId: text,
    organizationId: text,
    batchJobId: text,
    contactId: text,
    agentId: text,
    fromPhoneNumberId: text,
    fromPhoneNumber: text,
    toPhoneNumber: text,
    contactData: json,
    attempt: integer,
    maxAttempts: integer,
  },
});

/** Which calls of those that were handed out before may still be placed. */
export const LIST_PERMITTED = statement({
  sql: `
  select call.id as "callId" from call_attempts as call join batch_jobs as job on job.id = call.batch_job_id
   where call.id = any (:callIds) and call.ended_at is null and ${MAY_BE_CALLED}`,
  parameters: { callIds: listOf(text) },
  columns: { callId: text },
});

/** Of which batches calls are. */
export const LIST_BATCHES_OF = statement({
  sql: `
  select id as "callId", batch_job_id as "batchJobId" from call_attempts where id = any (:callIds)`,
  parameters: { callIds: listOf(text) },
  columns: { callId: text, batchJobId: text },
});

interface AcceptParameters {
  readonly callId: string;
  readonly leaseMs: number;
  readonly providerCallId: string | null;
  readonly roomName: string | null;
}

/** The provider has it: from now on only the longest call is waited for. */
export const ACCEPT_CALL = statement<AcceptParameters, object>({
  sql: `
  with taken as (
    update call_attempts
       set accepted_at = clock_timestamp(), provider_call_id = :providerCallId, room_name = :roomName,
           lease_ends_at = clock_timestamp() + make_interval(secs => :leaseMs::double precision / 1000)
     where id = :callId and ended_at is null
    returning batch_job_id, placed_at
  ), ${RELIEVE}
  select from taken`,
  parameters: { callId: text, leaseMs: double, providerCallId: text, roomName: text },
  columns: {},
});

/** It goes on. */
export const EXTEND_LEASE = statement({
  sql: `
  update call_attempts set lease_ends_at = clock_timestamp() + make_interval(secs => :leaseMs::double precision / 1000)
   where id = :callId and ended_at is null`,
  parameters: { callId: text, leaseMs: double },
  columns: {},
});
