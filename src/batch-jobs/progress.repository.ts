import { Injectable } from '@nestjs/common';
import { Batched } from '../shared/batched.js';
import { Database } from '../shared/database.js';
import type { BatchJob, BatchJobId } from './batch-job.entity.js';
import type { CallOutcome } from './call.outcome.js';
import type { StatusCounts } from './status-counts.js';

// Calls of one batch end one after the other, as each locks its row until it is committed, however long that takes: what
// is not seen yet ended after what is. Two may do so within the same millisecond, in any order of their ids.
const SETTLING_MS = 100;

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

/** $1 jobs, $2 milliseconds to settle. */
const READ_PROGRESS = `
  with moment as materialized (
    select date_trunc('milliseconds', clock_timestamp() - make_interval(secs => $2::double precision / 1000)) as settled_until
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
   where job.id = any ($1)`;

interface ProgressRow extends Omit<Progress, 'latestEnded'> {
  readonly id: BatchJobId;
  readonly latestEndedAt: Date;
  readonly latestCallId: string;
}

// A small part of the time that a statement may take.
const MOST_AT_ONCE = 100;

/** $1 job, $2 and $3 position, $4 instant before which they ended, $5 most. */
const LIST_ENDED = `
  select id as "callId", contact_id as "contactId", attempt, outcome, duration_seconds as "durationSeconds",
         error_code as "errorCode", ended_at as "endedAt"
    from call_attempts
   where batch_job_id = $1 and ended_at >= $2 and (ended_at > $2 or id collate "C" > $3) and ended_at < $4
   order by ended_at, id collate "C" limit $5`;

/** Reads how far jobs are. Whether somebody may know is asked before. */
@Injectable()
export class ProgressRepository {
  private readonly reading = new Batched((ids: readonly BatchJobId[]) => this.readAll(ids), {
    keyOf: (id) => id,
    most: MOST_AT_ONCE,
  });

  constructor(private readonly database: Database) {}

  /**
   * Those that are asked for at the same time are read together: the load does not grow with every job that is watched.
   *
   * @returns null when there is no such job
   */
  read(batchJobId: BatchJobId): Promise<Progress | null> {
    return this.reading.do(batchJobId);
  }

  /** Calls that ended after a position and before an instant, in the order of their end. */
  listEnded(batchJobId: BatchJobId, after: CallPosition, before: Date, limit: number): Promise<EndedCall[]> {
    const { endedAt, callId } = after;
    return this.database.query<EndedCall>(LIST_ENDED, [
      batchJobId,
      endedAt.toISOString(),
      callId,
      before.toISOString(),
      limit,
    ]);
  }

  private async readAll(ids: readonly BatchJobId[]): Promise<(Progress | null)[]> {
    const rows = await this.database.query<ProgressRow>(READ_PROGRESS, [ids, SETTLING_MS]);
    const byId = new Map(rows.map((row) => [row.id, toProgress(row)]));
    return ids.map((id) => byId.get(id) ?? null);
  }
}

const toProgress = ({ id: _, latestEndedAt, latestCallId, ...progress }: ProgressRow): Progress => ({
  ...progress,
  latestEnded: { endedAt: latestEndedAt, callId: latestCallId },
});
