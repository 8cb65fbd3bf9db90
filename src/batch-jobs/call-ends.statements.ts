import { boolean, double, integer, listOf, statement, text, timestamp } from '../shared/statement.js';
import { UNKNOWN_OUTCOME, type CallOutcome } from './call.outcome.js';
import { RELIEVE, WAITING_AT_MOST } from './calls.sql.js';
import type { ContactStatus } from './contact.status.js';

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

/** A value for each call that ended, in one order. */
interface EndParameters {
  /** Before the next call, by attempts so far: 1, 2, …; the last repeats. */
  readonly retryDelaysMs: readonly number[];
  readonly callIds: readonly string[];
  readonly outcomes: readonly CallOutcome[];
  readonly contactStatuses: readonly ContactStatus[];
  readonly leastDelaysMs: readonly number[];
  readonly errorCodes: readonly (string | null)[];
  readonly reasons: readonly (string | null)[];
  readonly roomNames: readonly (string | null)[];
  readonly providerCallIds: readonly (string | null)[];
  readonly durationsSeconds: readonly (number | null)[];
  /** Only a call of this one. Null: of any. */
  readonly organizationIds: readonly (string | null)[];
  /** See `WAITING_AT_MOST`. */
  readonly lockTimeoutMs: string;
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
 */
export const END_CALLS = statement<EndParameters, EndedRow>({
  sql: `
  with report as (
    select * from unnest(:callIds::text[], :outcomes::text[], :contactStatuses::text[], :leastDelaysMs::double precision[], :errorCodes::text[], :reasons::text[], :roomNames::text[],
                         :providerCallIds::text[], :durationsSeconds::integer[], :organizationIds::text[])
      as report (call_id, outcome, status, least_ms, error_code, reason, room_name, provider_call_id, seconds,
                 of_organization)
  ), found as (
    select call.id, call.organization_id, call.batch_job_id, call.attempt, report.*
      from report join call_attempts as call on call.id = report.call_id
     where report.of_organization is null or call.organization_id = report.of_organization
  ), job as (
    select id, status, max_attempts, retryable_statuses from batch_jobs
     where id in (select batch_job_id from found) and ${WAITING_AT_MOST}
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
             (:retryDelaysMs::double precision[])[least(ended.attempt, cardinality(:retryDelaysMs::double precision[]))]) / 1000) end,
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
    from found left join ended on ended.id = found.id left join contact on contact.id = ended.contact_id`,
  parameters: {
    retryDelaysMs: listOf(double),
    callIds: listOf(text),
    outcomes: listOf(text),
    contactStatuses: listOf(text),
    leastDelaysMs: listOf(double),
    errorCodes: listOf(text),
    reasons: listOf(text),
    roomNames: listOf(text),
    providerCallIds: listOf(text),
    durationsSeconds: listOf(integer),
    organizationIds: listOf(text),
    lockTimeoutMs: text,
  },
  columns: {
    callId: text,
    organizationId: text,
    batchJobId: text,
    attempt: integer,
    isNew: boolean,
    contactStatus: text,
    nextRetryAt: timestamp,
  },
});
