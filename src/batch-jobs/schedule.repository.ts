import { Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { StartTrigger } from './batch-job-start.entity.js';
import { ALLOWED } from './batch-job.status.js';
import { BatchJobChanges, type ChangeOrder, type ChangeResult, type ScheduledStart } from './batch-job.changes.js';
import { CANCEL_WAITING } from './contact.statements.js';
import type { ResolvedSchedule } from './schedule.js';
import {
  CANCEL,
  CLAIM,
  CLAIM_REFUSED,
  LIST_OVERDUE_STARTS,
  LIST_SCHEDULED,
  RESCHEDULE,
  START_NOW,
  type ListedStart,
} from './schedule.statements.js';

export type ClaimResult =
  | { readonly outcome: 'started' | 'missed'; readonly organizationId: string; readonly lateMs: number }
  /** PostgreSQL's clock says it is not due yet. */
  | { readonly outcome: 'early'; readonly earlyMs: number }
  /** Another revision, status or no such job: nothing to do, now or later. */
  | { readonly outcome: 'stale' };

/** The start protocol's statements on `batch_jobs`: each changes a row if, and only if, its state allows it. */
@Injectable()
export class ScheduleRepository {
  constructor(
    private readonly database: Database,
    private readonly changes: BatchJobChanges,
  ) {}

  /** Moves the start, or sets the first one. Refused for a job that has begun or ended, and for a start not after now. */
  reschedule(order: ChangeOrder, to: ResolvedSchedule): Promise<ChangeResult<'past_start'>> {
    const { startsAt, localTime, timezone, disambiguation, tzdbVersion } = to;
    const start = { startsAt, localTime, timezone, disambiguation, tzdbVersion };
    return this.changes.make(RESCHEDULE, ALLOWED.reschedule, order, start);
  }

  cancel(order: ChangeOrder): Promise<ChangeResult> {
    return this.changes.makeWithContacts(CANCEL, CANCEL_WAITING, ALLOWED.cancel, order, {});
  }

  startNow(order: ChangeOrder): Promise<ChangeResult> {
    return this.changes.make(START_NOW, ALLOWED.start, order, {});
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
    const [claimed] = await this.database.run(CLAIM, { batchJobId, revision, trigger, maxLateStartMinutes });
    if (claimed) {
      const { status, organizationId, lateMs } = claimed;
      return { outcome: status === 'running' ? 'started' : 'missed', organizationId, lateMs: Number(lateMs) };
    }
    const [refused] = await this.database.run(CLAIM_REFUSED, { batchJobId, revision, trigger });
    if (refused?.earlyMs == null) return { outcome: 'stale' };
    return { outcome: 'early', earlyMs: Math.max(0, Number(refused.earlyMs)) };
  }

  /** Schedules due for longer than `overdueMs`, the oldest first. */
  listOverdue(overdueMs: number, limit: number): Promise<ScheduledStart[]> {
    return this.database.run(LIST_OVERDUE_STARTS, { overdueMs, limit });
  }

  /** All schedules, due or not, ordered by id, after the given id. */
  listScheduled(afterId: BatchJobId, limit: number): Promise<ListedStart[]> {
    return this.database.run(LIST_SCHEDULED, { afterId, limit });
  }
}
