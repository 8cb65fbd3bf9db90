import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/caller.js';
import { Database } from '../shared/database.js';
import { Idempotency } from '../shared/idempotency.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { StartTrigger } from './batch-job-start.entity.js';
import { NOT_STARTED, statusesThatMayBecome, type BatchJobStatus } from './batch-job.status.js';
import type { ChangeTerms } from './change-terms.js';
import { WAITING_CONTACT_STATUSES } from './contact.status.js';
import type { EntityTag } from './entity-tag.js';
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

/** One of all schedules, as PostgreSQL sees it. */
export interface ListedStart extends ScheduledStart {
  /** Since when it is due by PostgreSQL's clock, as the row was read; negative while it is ahead. */
  readonly dueForMs: number;
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
  /** Contacts taken back by a cancel, released by a start, or deleted. */
  readonly contacts: number;
  /** Of the job as it is from now on. */
  readonly entityTag: EntityTag;
}

/**
 * `refused` names the status that was met, with the row locked: it is the reason, not a later look. `unwanted`: all was
 * well but the caller's own terms, as the job has another tag than they asked for.
 */
export type ChangeResult =
  | Changed
  | { readonly outcome: 'not_found' }
  | { readonly outcome: 'refused'; readonly status: BatchJobStatus }
  | { readonly outcome: 'unwanted'; readonly entityTag: EntityTag };

export type ClaimResult =
  | { readonly outcome: 'started' | 'missed'; readonly organizationId: string; readonly lateMs: number }
  /** PostgreSQL's clock says it is not due yet. */
  | { readonly outcome: 'early'; readonly earlyMs: number }
  /** Another revision, status or no such job: nothing to do, now or later. */
  | { readonly outcome: 'stale' };

/** Who wants which job changed, and how. */
export interface ChangeOrder {
  readonly caller: Caller;
  readonly batchJobId: BatchJobId;
  readonly terms?: ChangeTerms;
  /** What the service returns if it gets no further than the commit: see `Idempotency.once`. */
  readonly answerOf?: (changed: Changed) => unknown;
}

/** The start protocol's statements on `batch_jobs`: each changes a row if, and only if, its state allows it. */
@Injectable()
export class ScheduleRepository {
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
  ) {}

  /** Moves the start, or sets the first one. Refused for a job that has begun or ended, and for a start not after now. */
  reschedule(order: ChangeOrder, to: ResolvedSchedule): Promise<ChangeResult> {
    const { startsAt, localTime, timezone, disambiguation, tzdbVersion } = to;
    return this.change(RESCHEDULE, NOT_STARTED, order, [
      startsAt.toISOString(),
      localTime,
      timezone,
      disambiguation,
      tzdbVersion,
    ]);
  }

  cancel(order: ChangeOrder): Promise<ChangeResult> {
    return this.change(CANCEL, statusesThatMayBecome('cancelled'), order, [WAITING_CONTACT_STATUSES]);
  }

  startNow(order: ChangeOrder): Promise<ChangeResult> {
    return this.change(START_NOW, NOT_STARTED, order, [WAITING_CONTACT_STATUSES]);
  }

  /**
   * Starts the job if this revision is in force and due, or marks it missed when it is later than the limit.
   * Any number of claims may run at once: one of them starts it.
   *
   * @param maxLateStartMinutes of a job that has no limit of its own; 0: any lateness is fine
   */
  async claim(
    wakeUp: Pick<ScheduledStart, 'batchJobId' | 'revision'>,
    trigger: StartTrigger,
    maxLateStartMinutes: number,
  ): Promise<ClaimResult> {
    const { batchJobId, revision } = wakeUp;
    const [claimed] = await this.database.query<ClaimRow>(CLAIM, [batchJobId, revision, trigger, maxLateStartMinutes]);
    if (claimed) {
      const { status, organizationId, lateMs } = claimed;
      return { outcome: status === 'running' ? 'started' : 'missed', organizationId, lateMs: Number(lateMs) };
    }
    const [refused] = await this.database.query<{ earlyMs: string | null }>(CLAIM_REFUSED, [
      batchJobId,
      revision,
      trigger,
    ]);
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
  listScheduled(afterId: BatchJobId, limit: number): Promise<ListedStart[]> {
    return this.database.query<ListedStart>(
      `select id as "batchJobId", schedule_revision as revision, starts_at as "startsAt",
              extract(epoch from clock_timestamp() - starts_at)::double precision * 1000 as "dueForMs"
         from batch_jobs where status = 'scheduled' and id > $1 order by id limit $2`,
      [afterId, limit],
    );
  }

  private change(
    statement: string,
    allowed: readonly BatchJobStatus[],
    { caller, batchJobId, terms = {}, answerOf = () => null }: ChangeOrder,
    own: readonly unknown[],
  ): Promise<ChangeResult> {
    const { organizationId, actor, requestId } = caller;
    const { reason = null, ifMatch = null } = terms;
    const parameters = [batchJobId, organizationId, allowed, actor, requestId, reason, ifMatch, ...own];
    return this.idempotency.once(
      caller,
      async (manager): Promise<ChangeResult> => {
        const [row] = await manager.query<StatementRow[]>(statement, parameters);
        return row ? toResult(batchJobId, row, allowed) : { outcome: 'not_found' };
      },
      (result) => (result.outcome === 'changed' ? answerOf(result) : null),
    );
  }
}

/** A precondition is looked at last: it is no reason for what would have been refused without it (RFC 9110, 13.2.1). */
const toResult = (batchJobId: BatchJobId, row: StatementRow, allowed: readonly BatchJobStatus[]): ChangeResult => {
  const { changed, fits, isWanted, statusBefore, startedAt, contacts, entityTag } = row;
  if (!changed && allowed.includes(statusBefore) && fits && !isWanted) return { outcome: 'unwanted', entityTag };
  if (!changed) return { outcome: 'refused', status: statusBefore };

  const start = (status: BatchJobStatus | null, revision: number | null, startsAt: Date | null) =>
    status === 'scheduled' && revision !== null && startsAt ? { batchJobId, revision, startsAt } : null;
  return {
    outcome: 'changed',
    statusBefore,
    ended: start(statusBefore, row.revisionBefore, row.startsAtBefore),
    scheduled: start(row.statusAfter, row.revisionAfter, row.startsAtAfter),
    startedAt,
    contacts,
    entityTag,
  };
};
