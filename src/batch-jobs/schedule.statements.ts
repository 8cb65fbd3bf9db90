import type { BatchJobId } from './batch-job.entity.js';
import type { BatchJobStatus } from './batch-job.status.js';
import { conditionally, END_HOLD } from './conditional.statement.js';
import { historyFacts } from './history.sql.js';

/** What a move tells of the schedule that it ended. */
export interface MoveDetails {
  /** Null: there was none. */
  readonly timezoneBefore: string | null;
}

/** $8 start, $9 local time, $10 zone, $11 disambiguation, $12 version of the zone rules. Gives `MoveDetails` back. */
export const RESCHEDULE = conditionally({
  action: 'rescheduled',
  set: `status = 'scheduled', schedule_revision = old.schedule_revision + 1, starts_at = $8::timestamptz,
        local_start_time = $9, timezone = $10, disambiguation = $11, tzdb_version = $12`,
  onlyIf: '$8::timestamptz > clock_timestamp()',
  details: `jsonb_build_object('timezoneBefore', old.timezone)`,
});

/** Contacts being called keep their call; those waiting for one are cancelled (`CANCEL_WAITING`). */
export const CANCEL = conditionally({
  action: 'cancelled',
  set: `status = 'cancelled', completed_at = clock_timestamp(), pause_reason = null`,
  also: END_HOLD,
});

/** The start ledger's row makes a second start impossible. $8: statuses of the contacts released. */
export const START_NOW = conditionally({
  action: 'started',
  set: `status = 'running', started_at = clock_timestamp()`,
  also: `insert into batch_job_starts (batch_job_id, revision, trigger, planned_at, started_at, late_ms)
           select id, schedule_revision, 'request', starts_at, started_at, null from changed returning 1`,
  contacts: `select coalesce(sum(contacts), 0) from contact_counts
              where batch_job_id = $1 and contact_counts.status = any ($8)`,
});

/** What a claim gives back when the row was there, claimed or not. */
export interface ClaimRow {
  readonly batchJobId: BatchJobId;
  readonly organizationId: string;
  readonly status: BatchJobStatus;
  readonly lateMs: string;
}

const LATE_LIMIT = 'coalesce(job.max_late_start_minutes, $4::integer)';
const MISSED = `(${LATE_LIMIT} > 0 and moment.at - job.starts_at > make_interval(mins => ${LATE_LIMIT}))`;

/**
 * Starts a due batch, or gives it up when it is too late to start.
 *
 * `starts_at <= moment.at` is the load-bearing condition: with it every interleaving of moves, starts, cancels, repeated
 * and early wake-ups starts a batch at most once and never early. PostgreSQL's clock is the only one asked, and once:
 * the moment is taken before the row's lock is had, so waiting for a rival can only make the claim stricter.
 *
 * Parameters: $1 job, $2 revision, $3 trigger, $4 latest lateness in minutes (0: any is fine) of a job without its own.
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
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
    select id, organization_id, case status when 'running' then 'started' else 'missed' end, 'system', null, failure_reason,
           ${historyFacts('claimed')} || '{"status": "scheduled"}', ${historyFacts('claimed')}
      from claimed
  )
  select id as "batchJobId", organization_id as "organizationId", status,
         round(extract(epoch from claimed_at - starts_at) * 1000)::bigint as "lateMs"
    from claimed`;

/**
 * Why a claim found nothing: $1 job, $2 revision, $3 trigger. `early` is how long to wait; null when the wake-up is
 * stale, which is counted. A sweep that a rival forestalled was no wake-up.
 */
export const CLAIM_REFUSED = `
  with refused as (
    select id, case when status = 'scheduled' and schedule_revision = $2
                    then ceil(extract(epoch from starts_at - clock_timestamp()) * 1000)::bigint end as early_ms
      from batch_jobs where id = $1
  ), counted as (
    insert into batch_job_stale_wake_ups as known (batch_job_id, refused)
    select id, 1 from refused where early_ms is null and $3::text = 'timer'
    on conflict (batch_job_id) do update set refused = known.refused + 1
  )
  select early_ms as "earlyMs" from refused`;

/** Computed by older zone rules than $N. Compared letter by letter, which is how versions of the data are ordered. */
export const computedBefore = (parameter: string, row = 'batch_jobs'): string =>
  `(${row}.local_start_time is not null and coalesce(${row}.tzdb_version, '') collate "C" < ${parameter}::text)`;

/** What became of a schedule that means another instant by newer rules; no row: somebody changed it meanwhile. */
export interface FollowRow {
  readonly status: BatchJobStatus;
  readonly revision: number;
  readonly startsAt: Date;
  readonly startsAtBefore: Date;
}

const FOLLOWS_TOO_LATE = `(${LATE_LIMIT.replace('$4', '$5')} > 0
                and moment.at - $3::timestamptz > make_interval(mins => ${LATE_LIMIT.replace('$4', '$5')}))`;

/**
 * Moves a schedule to the instant that its wall time means by newer zone rules, as a reschedule would.
 *
 * Never into the past: what would be overdue is due now, and the ordinary claim starts it; what would be later than a
 * start may be is missed. The guards make it right for any number of processes: a rival's move has another revision, and
 * the work of newer rules is not undone.
 *
 * Parameters: $1 job, $2 revision seen, $3 new instant, $4 version of the rules, $5 latest lateness in minutes (0: any is
 * fine) of a job without its own.
 */
export const FOLLOW_RULES = `
  with moment as materialized (
    select clock_timestamp() as at
  ), old as (
    select * from batch_jobs
     where id = $1 and status = 'scheduled' and schedule_revision = $2 and ${computedBefore('$4')} for update
  ), changed as (
    update batch_jobs as job
       set schedule_revision = old.schedule_revision + 1, tzdb_version = $4,
           starts_at = case when ${FOLLOWS_TOO_LATE} then $3::timestamptz else greatest($3::timestamptz, moment.at) end,
           status = case when ${FOLLOWS_TOO_LATE} then 'failed' else 'scheduled' end,
           completed_at = case when ${FOLLOWS_TOO_LATE} then moment.at end,
           failure_reason = case when ${FOLLOWS_TOO_LATE} then 'start_window_missed' end
      from old, moment where job.id = old.id
    returning job.*
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
    select changed.id, changed.organization_id, case changed.status when 'failed' then 'missed' else 'rescheduled' end,
           'system', null, 'time_rules_changed', ${historyFacts('old')}, ${historyFacts('changed')}
      from changed join old using (id)
  )
  select changed.status, changed.schedule_revision as revision, changed.starts_at as "startsAt",
         old.starts_at as "startsAtBefore"
    from changed join old using (id)`;

/**
 * Notes that schedules mean the same instant by newer rules: $1 jobs, $2 revisions seen, $3 version of the rules. Rows
 * that somebody holds are left for another time.
 */
export const CONFIRM_BY_RULES = `
  with unchanged as (
    select job.id from batch_jobs as job
      join unnest($1::text[], $2::integer[]) as seen (id, revision) on job.id = seen.id
     where job.status = 'scheduled' and job.schedule_revision = seen.revision and ${computedBefore('$3', 'job')}
     order by job.id for update of job skip locked
  ), confirmed as (
    update batch_jobs as job set tzdb_version = $3 from unchanged where job.id = unchanged.id returning 1
  )
  select count(*)::integer as confirmed from confirmed`;
