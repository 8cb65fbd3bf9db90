import { boolean, count, double, integer, json, listOf, statement, text, timestamp } from '../shared/statement.js';
import type { BatchJob, BatchJobId } from './batch-job.entity.js';
import type { CallOutcome } from './call.outcome.js';
import type { StatusCounts } from './status-counts.js';

/** A job as it is at one moment: its row, its counters and whether a call is still open. */
export interface Progress extends Pick<
  BatchJob,
  'status' | 'totalContacts' | 'startsAt' | 'startedAt' | 'completedAt' | 'failureReason' | 'pauseReason'
> {
  readonly counts: StatusCounts;
  /** No call is in progress, and none ended after `settledUntil`. */
  readonly isSettled: boolean;
  /** 100 ms ago. Calls that ended before are told; one that is committed late may still come to be among them. */
  readonly settledUntil: Date;
  /** The last known call that ended before `settledUntil`: every call that is not known yet ended after it. */
  readonly latestEnded: CallPosition;
}

/** A place among the calls of a job that have ended, in the order of their end. */
export interface CallPosition {
  readonly endedAt: Date;
  /** Empty: before every call that ended at that instant. */
  readonly callId: string;
}

export interface EndedCall extends CallPosition {
  readonly contactId: string;
  readonly attempt: number;
  readonly outcome: CallOutcome;
  readonly durationSeconds: number | null;
  readonly errorCode: string | null;
}

interface ReadParameters {
  readonly batchJobIds: readonly BatchJobId[];
  /** See `settledUntil`. */
  readonly settlingMs: number;
}

export const READ_PROGRESS = statement<ReadParameters, ProgressRow>({
  sql: `
  with moment as materialized (
    select date_trunc('milliseconds', clock_timestamp() - make_interval(secs => :settlingMs::double precision / 1000)) as settled_until
  )
  select job.id, job.status, job.total_contacts as "totalContacts", job.starts_at as "startsAt",
         job.started_at as "startedAt", job.completed_at as "completedAt", job.failure_reason as "failureReason",
         job.pause_reason as "pauseReason",
         (select coalesce(json_object_agg(status, contacts order by status), '{}') from contact_counts
           where batch_job_id = job.id and contacts <> 0) as counts,
         not exists (select from call_attempts
                      where organization_id = job.organization_id and batch_job_id = job.id and ended_at is null)
           and not exists (select from call_attempts
                            where batch_job_id = job.id and ended_at >= moment.settled_until) as "isSettled",
         moment.settled_until as "settledUntil",
         coalesce(latest.ended_at, to_timestamp(0)) as "latestEndedAt", coalesce(latest.id, '') as "latestCallId"
    from moment cross join batch_jobs as job left join lateral (
           select ended_at, id from call_attempts where batch_job_id = job.id and ended_at < moment.settled_until
            order by ended_at desc, id collate "C" desc limit 1
         ) as latest on true
   where job.id = any (:batchJobIds)`,
  parameters: { batchJobIds: listOf(text), settlingMs: double },
  columns: {
    id: text,
    status: text,
    totalContacts: integer,
    startsAt: timestamp,
    startedAt: timestamp,
    completedAt: timestamp,
    failureReason: text,
    pauseReason: text,
    counts: json,
    isSettled: boolean,
    settledUntil: timestamp,
    latestEndedAt: timestamp,
    latestCallId: text,
  },
});

/** A job's `Progress`, flat. */
export interface ProgressRow extends Omit<Progress, 'latestEnded'> {
  readonly id: BatchJobId;
  readonly latestEndedAt: Date;
  readonly latestCallId: string;
}

interface ListEndedParameters {
  readonly batchJobId: BatchJobId;
  readonly afterEndedAt: Date;
  readonly afterCallId: string;
  readonly before: Date;
  readonly limit: number;
}

/** Calls that ended after a position and before an instant, in the order of their end. */
export const LIST_ENDED = statement<ListEndedParameters, EndedCall>({
  sql: `
  select id as "callId", contact_id as "contactId", attempt, outcome, duration_seconds as "durationSeconds",
         error_code as "errorCode", ended_at as "endedAt"
    from call_attempts
   where batch_job_id = :batchJobId and ended_at >= :afterEndedAt and (ended_at > :afterEndedAt or id collate "C" > :afterCallId) and ended_at < :before
   order by ended_at, id collate "C" limit :limit`,
  parameters: { batchJobId: text, afterEndedAt: timestamp, afterCallId: text, before: timestamp, limit: count },
  columns: {
    callId: text,
    contactId: text,
    attempt: integer,
    outcome: text,
    durationSeconds: integer,
    errorCode: text,
    endedAt: timestamp,
  },
});
