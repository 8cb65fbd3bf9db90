import { bigint, count, double, integer, listOf, statement, text, timestamp } from '../shared/statement.js';
import type { ScheduledStart } from './batch-job.changes.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { StartTrigger } from './batch-job-start.entity.js';
import type { BatchJobStatus } from './batch-job.status.js';
import { UNPLACED } from './calls.sql.js';
import { conditionally, END_HOLD, gathered, type ConditionalChange } from './conditional.statement.js';
import { WAITING_SQL } from './contact.status.js';
import { historyFacts } from './history.sql.js';
import { LATE_LIMIT, type LateLimit } from './late-limit.sql.js';
import type { ResolvedSchedule } from './schedule.js';

/** What a move tells of the schedule that it ended. */
export interface MoveDetails {
  /** Null: there was none. */
  readonly timezoneBefore: string | null;
}

/** See `ResolvedSchedule`. */
export type MoveParameters = Pick<
  ResolvedSchedule,
  'startsAt' | 'localTime' | 'timezone' | 'disambiguation' | 'tzdbVersion'
>;

const MOVE: ConditionalChange<MoveParameters, 'past_start'> = {
  action: 'rescheduled',
  set: `status = 'scheduled', schedule_revision = old.schedule_revision + 1, starts_at = :startsAt::timestamptz,
        local_start_time = :localTime, timezone = :timezone, disambiguation = :disambiguation,
        tzdb_version = :tzdbVersion`,
  onlyIf: { past_start: ':startsAt::timestamptz > clock_timestamp()' },
  parameters: { startsAt: timestamp, localTime: text, timezone: text, disambiguation: text, tzdbVersion: text },
  details: `jsonb_build_object('timezoneBefore', old.timezone)`,
};

/** Gives `MoveDetails` back. */
export const RESCHEDULE = conditionally(MOVE);
export const RESCHEDULE_MANY = gathered(MOVE);

/** Contacts being called keep their call; those waiting for one are cancelled (`CANCEL_WAITING`), as are those whose call is not placed yet, by whoever would have placed it. */
export const CANCEL = conditionally({
  action: 'cancelled',
  set: `status = 'cancelled', completed_at = clock_timestamp(), pause_reason = null`,
  onlyIf: {},
  parameters: {},
  also: END_HOLD,
  contacts: `select ${UNPLACED}`,
});

/** The start ledger's row makes a second start impossible. */
const START: ConditionalChange<object, never> = {
  action: 'started',
  set: `status = 'running', started_at = clock_timestamp()`,
  onlyIf: {},
  parameters: {},
  also: `insert into batch_job_starts (batch_job_id, revision, trigger, planned_at, started_at, late_ms)
           select id, schedule_revision, 'request', starts_at, started_at, null from changed returning 1`,
  contacts: `select coalesce(sum(contacts), 0) from contact_counts
              where batch_job_id = :batchJobId and contact_counts.status in ${WAITING_SQL}`,
};

export const START_NOW = conditionally(START);
export const START_NOW_MANY = gathered(START);

/** One of all schedules, as PostgreSQL sees it. */
export interface ListedStart extends ScheduledStart {
  /** Since when it is due by PostgreSQL's clock, as the row was read; negative while it is ahead. */
  readonly dueForMs: number;
}

/** What asks for a claim. */
export interface WakeUp extends Pick<ScheduledStart, 'batchJobId' | 'revision'> {
  readonly trigger: StartTrigger;
}

/** What a claim gives back when the row was there, claimed or not. */
export interface ClaimRow {
  readonly batchJobId: BatchJobId;
  readonly organizationId: string;
  readonly status: BatchJobStatus;
  readonly lateMs: string;
}

const MISSED = `(${LATE_LIMIT} > 0 and moment.at - job.starts_at > make_interval(mins => ${LATE_LIMIT}))`;

/** SQL: a `job` is to be started for a wake-up of that revision. */
const isInForceAndDue = (revision: string): string =>
  `job.status = 'scheduled' and job.schedule_revision = ${revision} and job.starts_at <= moment.at`;

/** @param wakeUp SQL of what is claimed: `batch_job_id`, `revision`, `trigger` */
const claiming = (wakeUp: string): string => `
  with moment as materialized (
    select clock_timestamp() as at
  ), wake_up as materialized (
    ${wakeUp}
  ), claimed as (
    update batch_jobs as job
       set status = case when ${MISSED} then 'failed' else 'running' end,
           started_at = case when ${MISSED} then null else moment.at end,
           completed_at = case when ${MISSED} then moment.at end,
           failure_reason = case when ${MISSED} then 'start_window_missed' end
      from wake_up, moment
     where job.id = wake_up.batch_job_id and ${isInForceAndDue('wake_up.revision')}
    returning job.*, moment.at as claimed_at, wake_up.trigger
  ), start as (
    insert into batch_job_starts (batch_job_id, revision, trigger, planned_at, started_at, late_ms)
    select id, schedule_revision, trigger, starts_at, started_at,
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

const CLAIM_COLUMNS = { batchJobId: text, organizationId: text, status: text, lateMs: bigint };

/**
 * Starts a due batch, or gives it up when it is too late to start.
 *
 * `starts_at <= moment.at` is the load-bearing condition: with it every interleaving of moves, starts, cancels, repeated
 * and early wake-ups starts a batch at most once and never early. PostgreSQL's clock is the only one asked, and once:
 * the moment is taken before the row's lock is had, so waiting for a rival can only make the claim stricter.
 */
export const CLAIM = statement<WakeUp & LateLimit, ClaimRow>({
  sql: claiming('select :batchJobId::text as batch_job_id, :revision::integer as revision, :trigger::text as trigger'),
  parameters: { batchJobId: text, revision: integer, trigger: text, maxLateStartMinutes: integer },
  columns: CLAIM_COLUMNS,
});

interface WakeUps extends LateLimit {
  readonly batchJobIds: readonly string[];
  readonly revisions: readonly number[];
  readonly triggers: readonly StartTrigger[];
}

/** The same for many batches, each of which is judged by itself; but for those whose row somebody has locked. */
export const CLAIM_MANY = statement<WakeUps, ClaimRow>({
  sql: claiming(`select asked.*
      from unnest(:batchJobIds::text[], :revisions::integer[], :triggers::text[]) as asked (batch_job_id, revision, trigger)
      join batch_jobs on batch_jobs.id = asked.batch_job_id
       for no key update of batch_jobs skip locked`),
  parameters: {
    batchJobIds: listOf(text),
    revisions: listOf(integer),
    triggers: listOf(text),
    maxLateStartMinutes: integer,
  },
  columns: CLAIM_COLUMNS,
});

/**
 * Why a claim found nothing. `earlyMs` is how long to wait; null when the wake-up is stale, which is counted. A sweep that
 * a rival forestalled was no wake-up.
 */
export const CLAIM_REFUSED = statement<WakeUp, { readonly earlyMs: string | null }>({
  sql: `
  with refused as (
    select id, case when status = 'scheduled' and schedule_revision = :revision
                    then ceil(extract(epoch from starts_at - clock_timestamp()) * 1000)::bigint end as early_ms
      from batch_jobs where id = :batchJobId
  ), counted as (
    insert into batch_job_stale_wake_ups as known (batch_job_id, refused)
    select id, 1 from refused where early_ms is null and :trigger::text = 'timer'
    on conflict (batch_job_id) do update set refused = known.refused + 1
  )
  select early_ms as "earlyMs" from refused`,
  parameters: { batchJobId: text, revision: integer, trigger: text },
  columns: { earlyMs: bigint },
});

/** Schedules that are due for a while, the oldest first. */
export const LIST_OVERDUE_STARTS = statement<{ overdueMs: number; limit: number }, ScheduledStart>({
  sql: `
  select id as "batchJobId", schedule_revision as revision, starts_at as "startsAt" from batch_jobs
   where status = 'scheduled'
     and starts_at < (select clock_timestamp()) - make_interval(secs => :overdueMs::double precision / 1000)
   order by starts_at, id limit :limit`,
  parameters: { overdueMs: double, limit: count },
  columns: { batchJobId: text, revision: integer, startsAt: timestamp },
});

/** Where a start stands among all: by its time, then by its id. */
export interface StartPosition {
  readonly startsAt: Date;
  readonly batchJobId: BatchJobId;
}

const LISTED = `
  select id as "batchJobId", schedule_revision as revision, starts_at as "startsAt",
         extract(epoch from clock_timestamp() - starts_at)::double precision * 1000 as "dueForMs"
    from batch_jobs`;
const LISTED_COLUMNS = { batchJobId: text, revision: integer, startsAt: timestamp, dueForMs: double };

/** Schedules in force after the given one, in their order: `batch_jobs_to_start` has it, and a page is read as far as it goes. */
export const LIST_SCHEDULED = statement<{ startsAt: Date; batchJobId: BatchJobId; limit: number }, ListedStart>({
  sql: `${LISTED}
   where status = 'scheduled' and (starts_at, id) > (:startsAt::timestamptz, :batchJobId)
   order by starts_at, id limit :limit`,
  parameters: { startsAt: timestamp, batchJobId: text, limit: count },
  columns: LISTED_COLUMNS,
});

/** Those of the given batches that are in force, in their order. */
export const LIST_SCHEDULED_OF = statement<{ batchJobIds: readonly BatchJobId[] }, ListedStart>({
  sql: `${LISTED} where status = 'scheduled' and id = any(:batchJobIds::text[]) order by starts_at, id`,
  parameters: { batchJobIds: listOf(text) },
  columns: LISTED_COLUMNS,
});
