import type { BatchJobId } from './batch-job.entity.js';
import type { HistoryAction } from './batch-job-history.entity.js';
import type { BatchJobStatus } from './batch-job.status.js';
import { historyFacts } from './history.sql.js';

/** What a conditional statement did, and what it met. */
export interface StatementRow {
  readonly changed: boolean;
  readonly statusBefore: BatchJobStatus;
  readonly statusAfter: BatchJobStatus | null;
  readonly revisionBefore: number;
  readonly revisionAfter: number | null;
  readonly startsAtBefore: Date | null;
  readonly startsAtAfter: Date | null;
  readonly startedAt: Date | null;
  readonly contacts: number;
}

interface ConditionalChange {
  readonly action: HistoryAction;
  readonly set: string;
  /** Beyond the status; `old` is the locked row. */
  readonly onlyIf?: string;
  /** A further statement on the changed row, as a `with` query named `also`. */
  readonly also?: string;
  /** A number worth returning, computed after the change. @default '0' */
  readonly contacts?: string;
}

/**
 * One statement, one round trip: lock the row, change it if its status (and `onlyIf`) allows, write the history.
 *
 * The lock settles every race: of two rivals the second sees what the first committed. No row comes back for an unknown
 * job; a row that is not `changed` says which status refused.
 *
 * Parameters: $1 job, $2 organization, $3 statuses allowed, $4 actor, $5 request id, then the verb's own.
 */
const conditionally = ({ action, set, onlyIf = 'true', also, contacts = '0' }: ConditionalChange): string => `
  with old as (
    select * from batch_jobs where id = $1 and organization_id = $2 for update
  ), changed as (
    update batch_jobs as job set ${set}
      from old where job.id = old.id and old.status = any ($3) and ${onlyIf}
    returning job.*
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, before, after)
    select changed.id, changed.organization_id, '${action}', $4, $5, ${historyFacts('old')}, ${historyFacts('changed')}
      from changed join old using (id)
  )${also ? `, also as (${also})` : ''}
  select changed.id is not null as changed,
         old.status as "statusBefore", changed.status as "statusAfter",
         old.schedule_revision as "revisionBefore", changed.schedule_revision as "revisionAfter",
         old.starts_at as "startsAtBefore", changed.starts_at as "startsAtAfter",
         changed.started_at as "startedAt", (${contacts})::integer as contacts
    from old left join changed using (id)`;

/** $6 start, $7 local time, $8 zone, $9 disambiguation, $10 version of the zone rules. */
export const RESCHEDULE = conditionally({
  action: 'rescheduled',
  set: `status = 'scheduled', schedule_revision = old.schedule_revision + 1, starts_at = $6::timestamptz,
        local_start_time = $7, timezone = $8, disambiguation = $9, tzdb_version = $10`,
  onlyIf: '$6::timestamptz > clock_timestamp()',
});

/** Contacts being called keep their call; those waiting for one are cancelled. */
export const CANCEL = conditionally({
  action: 'cancelled',
  set: `status = 'cancelled', completed_at = clock_timestamp()`,
  also: `update contacts set status = 'cancelled', completed_at = clock_timestamp(), next_retry_at = null
           from changed where contacts.batch_job_id = changed.id and contacts.status = any ($6) returning 1`,
  contacts: 'select count(*) from also',
});

/** The start ledger's row makes a second start impossible. */
export const START_NOW = conditionally({
  action: 'started',
  set: `status = 'running', started_at = clock_timestamp()`,
  also: `insert into batch_job_starts (batch_job_id, revision, trigger, planned_at, started_at, late_ms)
           select id, schedule_revision, 'request', starts_at, started_at, null from changed returning 1`,
  contacts: `select coalesce(sum(contacts), 0) from contact_counts
              where batch_job_id = $1 and contact_counts.status = any ($6)`,
});

/** What a claim gives back when the row was there, claimed or not. */
export interface ClaimRow {
  readonly batchJobId: BatchJobId;
  readonly organizationId: string;
  readonly status: BatchJobStatus;
  readonly lateMs: string;
}

const MISSED = '($4::integer > 0 and moment.at - job.starts_at > make_interval(mins => $4::integer))';

/**
 * Starts a due batch, or gives it up when it is too late to start.
 *
 * `starts_at <= moment.at` is the load-bearing condition: with it every interleaving of moves, starts, cancels, repeated
 * and early wake-ups starts a batch at most once and never early. PostgreSQL's clock is the only one asked, and once:
 * the moment is taken before the row's lock is had, so waiting for a rival can only make the claim stricter.
 *
 * Parameters: $1 job, $2 revision, $3 trigger, $4 latest lateness in minutes (0: any is fine).
 */
export const CLAIM = `
  with moment as materialized (
    select clock_timestamp() as at
  ), claimed as (
    update batch_jobs as job
       set status = case when ${MISSED} then 'failed' else 'running' end,
           started_at = case when ${MISSED} then null else moment.at end,
           completed_at = case when ${MISSED} then moment.at end,
           failure_reason = case when ${MISSED} then 'start_window_missed' end
      from moment
     where job.id = $1 and job.status = 'scheduled' and job.schedule_revision = $2 and job.starts_at <= moment.at
    returning job.*, moment.at as claimed_at
  ), start as (
    insert into batch_job_starts (batch_job_id, revision, trigger, planned_at, started_at, late_ms)
    select id, schedule_revision, $3, starts_at, started_at,
           round(extract(epoch from started_at - starts_at) * 1000)
      from claimed where status = 'running'
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, before, after)
    select id, organization_id, case status when 'running' then 'started' else 'missed' end, 'system', null,
           ${historyFacts('claimed')} || '{"status": "scheduled"}', ${historyFacts('claimed')}
      from claimed
  )
  select id as "batchJobId", organization_id as "organizationId", status,
         round(extract(epoch from claimed_at - starts_at) * 1000)::bigint as "lateMs"
    from claimed`;

/** Why a claim found nothing: $1 job, $2 revision. `early` is how long to wait; null when the wake-up is stale. */
export const CLAIM_REFUSED = `
  select case when status = 'scheduled' and schedule_revision = $2
              then ceil(extract(epoch from starts_at - clock_timestamp()) * 1000)::bigint end as "earlyMs"
    from batch_jobs where id = $1`;
