import { Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { StartTrigger } from './batch-job-start.entity.js';
import { NOT_STARTED, statusesThatMayBecome } from './batch-job.status.js';
import { BatchJobChanges, type ChangeOrder, type ChangeResult, type ScheduledStart } from './batch-job.changes.js';
import { CANCEL_WAITING } from './contact.statements.js';
import { WAITING_CONTACT_STATUSES } from './contact.status.js';
import type { ResolvedSchedule } from './schedule.js';
import { CANCEL, CLAIM, CLAIM_REFUSED, RESCHEDULE, START_NOW, type ClaimRow } from './schedule.statements.js';

/** One of all schedules, as PostgreSQL sees it. */
export interface ListedStart extends ScheduledStart {
  /** Since when it is due by PostgreSQL's clock, as the row was read; negative while it is ahead. */
  readonly dueForMs: number;
}

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
  reschedule(order: ChangeOrder, to: ResolvedSchedule): Promise<ChangeResult> {
    const { startsAt, localTime, timezone, disambiguation, tzdbVersion } = to;
    return this.changes.make(RESCHEDULE, NOT_STARTED, order, [
      startsAt.toISOString(),
      localTime,
      timezone,
      disambiguation,
      tzdbVersion,
    ]);
  }

  cancel(order: ChangeOrder): Promise<ChangeResult> {
    return this.changes.makeWithContacts(CANCEL, CANCEL_WAITING, statusesThatMayBecome('cancelled'), order, []);
  }

  startNow(order: ChangeOrder): Promise<ChangeResult> {
    return this.changes.make(START_NOW, NOT_STARTED, order, [WAITING_CONTACT_STATUSES]);
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
        where status = 'scheduled' and starts_at < (select clock_timestamp()) - make_interval(secs => $1::double precision / 1000)
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
}
