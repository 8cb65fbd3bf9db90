import { double, integer, json, listOf, statement, text } from '../shared/statement.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { RetryableStatus } from './contact.status.js';

/** Calls that have ended, and those of them after which the contact would be called again. */
interface CallSample {
  readonly calls: number;
  readonly retried: number;
}

/** What is known of an organization before its next batch is called. */
export interface CallHabits extends CallSample {
  /** Most calls of all its batches in flight. Null: it is not known here. */
  readonly concurrentCallLimit: number | null;
}

/** A contact whose calls have begun and not ended. */
interface OpenContact {
  /** Calls placed so far, the one in progress included. */
  readonly attempts: number;
  /** When its next call is due, in milliseconds since 1970. Null: it is being called. */
  readonly dueAtMs: number | null;
}

/** How the calls of a running batch have gone so far. */
export interface Course extends CallSample {
  /** Contacts whose calls were counted. */
  readonly sampledContacts: number;
  /** Average length of a call, the ringing included. Null: none has ended. */
  readonly callMs: number | null;
  readonly maxAttempts: number;
  /** For how long it was paused, in all. */
  readonly pausedMs: number;
  /** Those that are being called, and at most 200 that wait for a retry, the last due ones. */
  readonly open: readonly OpenContact[];
}

// Enough for a share within some 5 %, and two index look-ups each.
const CONTACTS_SAMPLED = 200;
const OPEN_READ = 200;

// Each status has its own order in the index of lists.
const STARTED = ['running', 'paused', 'completed', 'failed', 'cancelled']
  .map(
    (status) => `
      (select id, created_at from batch_jobs
        where organization_id = :organizationId and status = '${status}' and started_at is not null
        order by created_at desc, id desc limit 20)`,
  )
  .join('\n      union all');

interface HabitsParameters {
  readonly organizationId: string;
  /** Of the batch that is to come. */
  readonly retryableStatuses: readonly RetryableStatus[];
}

/**
 * Samples its newest batches by their first contacts, who have had all their calls before others, whatever came of
 * them: the last calls of a batch would be those of the people who are hard to reach.
 */
export const READ_HABITS = statement<HabitsParameters, CallHabits>({
  sql: `
  with batches as (
    select id from (${STARTED}
    ) as started order by created_at desc, id desc limit 20
  ), sample as (
    select call.outcome
      from batches join contacts as contact on contact.batch_job_id = batches.id and contact.position <= 50
           join call_attempts as call on call.contact_id = contact.id
     where call.ended_at is not null
  )
  select (select concurrent_call_limit from organizations where id = :organizationId) as "concurrentCallLimit",
         count(*)::integer as calls, (count(*) filter (where outcome = any (:retryableStatuses)))::integer as retried
    from sample`,
  parameters: { organizationId: text, retryableStatuses: listOf(text) },
  columns: { concurrentCallLimit: integer, calls: integer, retried: integer },
});

/** Contacts are called in the order of the list: the sample is spread over those that were. */
export const READ_COURSE = statement<{ readonly batchJobId: BatchJobId }, Course>({
  sql: `
  with called as (
    select coalesce(sum(contacts), 0)::integer as contacts from contact_counts
     where batch_job_id = :batchJobId and contact_counts.status <> 'pending'
  ), sample as (
    select contact.id
      from called, generate_series(
             1, called.contacts, greatest(1, ceil(called.contacts / ${CONTACTS_SAMPLED}.0)::integer)
           ) as place join contacts as contact on contact.batch_job_id = :batchJobId and contact.position = place
  ), calls as (
    select call.outcome, call.ended_at - call.placed_at as length
      from sample join call_attempts as call on call.contact_id = sample.id where call.ended_at is not null
  ), open as (
    select attempt_count as attempts, null as due_at
      from contacts where batch_job_id = :batchJobId and contacts.status = 'dialing'
    union all
    (select attempt_count, next_retry_at from contacts where batch_job_id = :batchJobId and contacts.status = 'queued'
      order by next_retry_at desc limit ${OPEN_READ})
  )
  select max_attempts as "maxAttempts",
         (select count(*)::integer from sample) as "sampledContacts",
         (select count(*)::integer from calls) as calls,
         (select count(*)::integer from calls where outcome = any (job.retryable_statuses)) as retried,
         (select avg(extract(epoch from length) * 1000)::double precision from calls) as "callMs",
         (select coalesce(sum(extract(epoch from occurred_at) * case action when 'resumed' then 1000 else -1000 end), 0)
            from batch_job_history
           where batch_job_id = job.id and action in ('paused', 'resumed'))::double precision as "pausedMs",
         (select coalesce(json_agg(json_build_object(
                   'attempts', attempts, 'dueAtMs', (extract(epoch from due_at) * 1000)::double precision)), '[]')
            from open) as open
    from batch_jobs as job where id = :batchJobId`,
  parameters: { batchJobId: text },
  columns: {
    maxAttempts: integer,
    sampledContacts: integer,
    calls: integer,
    retried: integer,
    callMs: double,
    pausedMs: double,
    open: json,
  },
});
