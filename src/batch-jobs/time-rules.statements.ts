import { boolean, count, integer, listOf, statement, text, timestamp } from '../shared/statement.js';
import type { ScheduledStart } from './batch-job.changes.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { BatchJobStatus } from './batch-job.status.js';
import { historyFacts } from './history.sql.js';
import { LATE_LIMIT, type LateLimit } from './late-limit.sql.js';
import type { Disambiguation } from './schedule.js';

/** The schedule of a job that was given as a wall time, and the rules that gave its instant. */
export interface WallTimeSchedule extends ScheduledStart {
  /** `'2026-12-01T09:00:00'`. */
  readonly localTime: string;
  readonly timezone: string;
  readonly disambiguation: Disambiguation;
  /** `'2026a'`; empty when it was not recorded. */
  readonly tzdbVersion: string;
}

/** Computed by older zone rules than `:tzdbVersion`. Compared letter by letter, which is how versions are ordered. */
const computedBefore = (row: string): string =>
  `(${row}.local_start_time is not null and coalesce(${row}.tzdb_version, '') collate "C" < :tzdbVersion::text)`;

interface FollowParameters {
  readonly batchJobId: BatchJobId;
  /** As it was seen. */
  readonly revision: number;
  /** By the newer rules. */
  readonly startsAt: Date;
  readonly tzdbVersion: string;
}

/** What became of a schedule that means another instant by newer rules; no row: somebody changed it meanwhile. */
export interface FollowRow {
  readonly status: BatchJobStatus;
  readonly revision: number;
  readonly startsAt: Date;
  readonly startsAtBefore: Date;
}

const FOLLOWS_TOO_LATE = `(${LATE_LIMIT} > 0
                and moment.at - :startsAt::timestamptz > make_interval(mins => ${LATE_LIMIT}))`;

/**
 * Moves a schedule to the instant that its wall time means by newer zone rules, as a reschedule would.
 *
 * Never into the past: what would be overdue is due now, and the ordinary claim starts it; what would be later than a
 * start may be is missed. The guards make it right for any number of processes: a rival's move has another revision, and
 * the work of newer rules is not undone.
 */
export const FOLLOW_RULES = statement<FollowParameters & LateLimit, FollowRow>({
  sql: `
  with moment as materialized (
    select clock_timestamp() as at
  ), old as (
    select * from batch_jobs
     where id = :batchJobId and status = 'scheduled' and schedule_revision = :revision
       and ${computedBefore('batch_jobs')} for update
  ), changed as (
    update batch_jobs as job
       set schedule_revision = old.schedule_revision + 1, tzdb_version = :tzdbVersion,
           starts_at = case when ${FOLLOWS_TOO_LATE} then :startsAt::timestamptz else greatest(:startsAt::timestamptz, moment.at) end,
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
    from changed join old using (id)`,
  parameters: {
    batchJobId: text,
    revision: integer,
    startsAt: timestamp,
    tzdbVersion: text,
    maxLateStartMinutes: integer,
  },
  columns: { status: text, revision: integer, startsAt: timestamp, startsAtBefore: timestamp },
});

/**
 * Notes that schedules mean the same instant by newer rules. Rows that somebody holds are left for another time.
 */
export const CONFIRM_BY_RULES = statement({
  sql: `
  with unchanged as (
    select job.id from batch_jobs as job
      join unnest(:batchJobIds::text[], :revisions::integer[]) as seen (id, revision) on job.id = seen.id
     where job.status = 'scheduled' and job.schedule_revision = seen.revision and ${computedBefore('job')}
     order by job.id for update of job skip locked
  ), confirmed as (
    update batch_jobs as job set tzdb_version = :tzdbVersion from unchanged where job.id = unchanged.id returning 1
  )
  select count(*)::integer as confirmed from confirmed`,
  parameters: { batchJobIds: listOf(text), revisions: listOf(integer), tzdbVersion: text },
  columns: { confirmed: integer },
});

// Of the installation: others may live in other schemas of the same database.
const LOCK = `hashtextextended(current_schema() || ' batch-jobs zone rules', 0)`;

/**
 * The transaction's, which may be idle for as long as the work takes, and ends with it, however it ends. A lock of the
 * session would stay with whoever a pooler gives that next.
 */
export const TRY_LOCK = statement<object, { readonly isOurs: boolean }>({
  sql: `
  select pg_try_advisory_xact_lock(${LOCK}) as "isOurs"
    from set_config('idle_in_transaction_session_timeout', '0', true)`,
  parameters: {},
  columns: { isOurs: boolean },
});

/** The newest rules that a schedule was computed by. */
export const FIND_NEWEST_RULES = statement<object, { readonly newest: string | null }>({
  sql: `
  select max(tzdb_version collate "C") as newest from batch_jobs
   where status = 'scheduled' and local_start_time is not null`,
  parameters: {},
  columns: { newest: text },
});

interface ListParameters {
  readonly tzdbVersion: string;
  readonly afterId: BatchJobId;
  readonly limit: number;
}

/** Schedules given as a wall time and computed by older rules, ordered by id, after the given id. */
export const LIST_COMPUTED_BEFORE = statement<ListParameters, WallTimeSchedule>({
  sql: `
  select id as "batchJobId", schedule_revision as revision, starts_at as "startsAt",
         local_start_time as "localTime", timezone, disambiguation, coalesce(tzdb_version, '') as "tzdbVersion"
    from batch_jobs
   where status = 'scheduled' and ${computedBefore('batch_jobs')} and id > :afterId order by id limit :limit`,
  parameters: { tzdbVersion: text, afterId: text, limit: count },
  columns: {
    batchJobId: text,
    revision: integer,
    startsAt: timestamp,
    localTime: text,
    timezone: text,
    disambiguation: text,
    tzdbVersion: text,
  },
});
