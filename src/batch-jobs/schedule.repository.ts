import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/caller.js';
import { Database } from '../shared/database.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { StartTrigger } from './batch-job-start.entity.js';
import { NOT_STARTED, statusesThatMayBecome, type BatchJobStatus } from './batch-job.status.js';
import { WAITING_CONTACT_STATUSES } from './contact.status.js';
import type { ResolvedSchedule } from './schedule.js';
import {
  CANCEL,
  CLAIM,
  CLAIM_REFUSED,
  RESCHEDULE,
  START_NOW,
  type ClaimRow,
  type StatementRow,
} from './schedule.statements.js';

/** A batch job as one of its schedules: what a wake-up in the queue stands for. */
export interface ScheduledStart {
  readonly batchJobId: BatchJobId;
  readonly revision: number;
  readonly startsAt: Date;
}

/** A change that was made. */
export interface Changed {
  readonly outcome: 'changed';
  readonly statusBefore: BatchJobStatus;
  /** The schedule that the change ended. Null when there was none. */
  readonly ended: ScheduledStart | null;
  /** The schedule now in force. Null unless it is scheduled. */
  readonly scheduled: ScheduledStart | null;
  /** Null until started. */
  readonly startedAt: Date | null;
  /** Contacts taken back by a cancel, or released by a start. */
  readonly contacts: number;
}

/** `refused` names the status that was met, with the row locked: it is the reason, not a later look. */
export type ChangeResult =
  Changed | { readonly outcome: 'not_found' } | { readonly outcome: 'refused'; readonly status: BatchJobStatus };

export type ClaimResult =
  | { readonly outcome: 'started' | 'missed'; readonly lateMs: number }
  /** PostgreSQL's clock says it is not due yet. */
  | { readonly outcome: 'early'; readonly earlyMs: number }
  /** Another revision, status or no such job: nothing to do, now or later. */
  | { readonly outcome: 'stale' };

/** The start protocol's statements on `batch_jobs`: each changes a row if, and only if, its state allows it. */
@Injectable()
export class ScheduleRepository {
  constructor(private readonly database: Database) {}

  /** Moves the start, or sets the first one. Refused for a job that has begun or ended, and for a start not after now. */
  reschedule(caller: Caller, id: BatchJobId, to: ResolvedSchedule): Promise<ChangeResult> {
    const { startsAt, localTime, timezone, disambiguation, tzdbVersion } = to;
    return this.change(RESCHEDULE, caller, id, NOT_STARTED, [
      startsAt.toISOString(),
      localTime,
      timezone,
      disambiguation,
      tzdbVersion,
    ]);
  }

  cancel(caller: Caller, id: BatchJobId): Promise<ChangeResult> {
    return this.change(CANCEL, caller, id, statusesThatMayBecome('cancelled'), [WAITING_CONTACT_STATUSES]);
  }

  startNow(caller: Caller, id: BatchJobId): Promise<ChangeResult> {
    return this.change(START_NOW, caller, id, NOT_STARTED, [WAITING_CONTACT_STATUSES]);
  }

  /**
   * Starts the job if this revision is in force and due, or marks it missed when it is later than the limit.
   * Any number of claims may run at once: one of them starts it.
   *
   * @param maxLateStartMinutes 0: any lateness is fine
   */
  async claim(
    wakeUp: Pick<ScheduledStart, 'batchJobId' | 'revision'>,
    trigger: StartTrigger,
    maxLateStartMinutes: number,
  ): Promise<ClaimResult> {
    const { batchJobId, revision } = wakeUp;
    const [claimed] = await this.database.query<ClaimRow>(CLAIM, [batchJobId, revision, trigger, maxLateStartMinutes]);
    if (claimed) {
      return { outcome: claimed.status === 'running' ? 'started' : 'missed', lateMs: Number(claimed.lateMs) };
    }
    const [refused] = await this.database.query<{ earlyMs: string | null }>(CLAIM_REFUSED, [batchJobId, revision]);
    if (refused?.earlyMs == null) return { outcome: 'stale' };
    return { outcome: 'early', earlyMs: Math.max(0, Number(refused.earlyMs)) };
  }

  /** Schedules due for longer than `overdueMs`, the oldest first. */
  listOverdue(overdueMs: number, limit: number): Promise<ScheduledStart[]> {
    return this.database.query<ScheduledStart>(
      `select id as "batchJobId", schedule_revision as revision, starts_at as "startsAt" from batch_jobs
        where status = 'scheduled' and starts_at < clock_timestamp() - make_interval(secs => $1::double precision / 1000)
        order by starts_at, id limit $2`,
      [overdueMs, limit],
    );
  }

  /** All schedules, due or not, ordered by id, after the given id. */
  listScheduled(afterId: BatchJobId, limit: number): Promise<ScheduledStart[]> {
    return this.database.query<ScheduledStart>(
      `select id as "batchJobId", schedule_revision as revision, starts_at as "startsAt" from batch_jobs
        where status = 'scheduled' and id > $1 order by id limit $2`,
      [afterId, limit],
    );
  }

  private async change(
    statement: string,
    caller: Caller,
    batchJobId: BatchJobId,
    allowed: readonly BatchJobStatus[],
    own: readonly unknown[],
  ): Promise<ChangeResult> {
    const { organizationId, actor, requestId } = caller;
    const parameters = [batchJobId, organizationId, allowed, actor, requestId, ...own];
    const [row] = await this.database.query<StatementRow>(statement, parameters);
    if (!row) return { outcome: 'not_found' };
    if (!row.changed) return { outcome: 'refused', status: row.statusBefore };

    const { statusBefore, statusAfter, revisionBefore, revisionAfter, startsAtBefore, startsAtAfter } = row;
    const start = (status: BatchJobStatus | null, revision: number | null, startsAt: Date | null) =>
      status === 'scheduled' && revision !== null && startsAt ? { batchJobId, revision, startsAt } : null;
    return {
      outcome: 'changed',
      statusBefore,
      ended: start(statusBefore, revisionBefore, startsAtBefore),
      scheduled: start(statusAfter, revisionAfter, startsAtAfter),
      startedAt: row.startedAt,
      contacts: row.contacts,
    };
  }
}
