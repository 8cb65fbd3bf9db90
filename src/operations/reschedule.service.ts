import { Injectable } from '@nestjs/common';
import type { Changed, ScheduledStart } from '../batch-jobs/batch-job.changes.js';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import type { BatchJobStatus } from '../batch-jobs/batch-job.status.js';
import type { ChangeTerms } from '../batch-jobs/change-terms.js';
import type { EntityTag } from '../batch-jobs/entity-tag.js';
import { NotReschedulableError } from '../batch-jobs/errors.js';
import { ScheduleRepository } from '../batch-jobs/schedule.repository.js';
import type { MoveDetails } from '../batch-jobs/schedule.statements.js';
import type { ResolvedSchedule, Schedule } from '../batch-jobs/schedule.js';
import { wakeUpId, type Rearmed } from '../queue/scheduler.gateway.js';
import { PastScheduledTimeError } from '../scheduling/schedule.errors.js';
import { ScheduleResolver } from '../scheduling/schedule.resolver.js';
import type { Caller } from '../shared/caller.js';
import { ChangeRunner } from './change.js';

/** A move that is committed. */
export interface Rescheduled extends Rearmed {
  readonly statusBefore: BatchJobStatus;
  readonly start: ScheduledStart;
  /** Of the new start's wake-up. */
  readonly queueJobId: string;
  readonly schedule: ResolvedSchedule;
  readonly entityTag: EntityTag;
}

/** Moves batches to another time. */
@Injectable()
export class RescheduleService {
  constructor(
    private readonly changes: ChangeRunner,
    private readonly resolver: ScheduleResolver,
    private readonly schedules: ScheduleRepository,
  ) {}

  /**
   * Moves a batch that has not begun to a new start; a pending one gets its first.
   *
   * The newest schedule wins: each call raises the job's revision, and wake-ups of older revisions are ignored. Contacts
   * and limits are left unchanged. Repeating a call sets the same start again; concurrent calls follow one another on
   * the row. Redis being away does not matter: the start is kept, and the answer says that its wake-up is not set yet.
   *
   * @throws job_not_found        no such job in this organization
   * @throws invalid_status       it is running, paused or terminal
   * @throws invalid_timezone     the zone is not in the zone data
   * @throws invalid_datetime     malformed, too far ahead, or skipped or repeated under `disambiguation: 'reject'`
   * @throws past_scheduled_time  the instant is not after now
   * @throws version_mismatch     it is not one of those that the terms ask for
   * @throws unavailable          PostgreSQL cannot be reached; nothing was changed
   */
  async reschedule(caller: Caller, id: BatchJobId, to: Schedule, terms?: ChangeTerms): Promise<Rescheduled> {
    const schedule = this.resolver.resolve(to);
    return this.changes.run<Rescheduled, 'past_start'>(caller, id, terms, {
      told: 'batch rescheduled',
      make: (order) => this.schedules.reschedule(order, schedule),
      refusals: {
        status: (status) => new NotReschedulableError(status),
        past_start: () => new PastScheduledTimeError(schedule),
      },
      answer: (moved, rearmed) => ({
        statusBefore: moved.statusBefore,
        start: moved.scheduled as ScheduledStart,
        queueJobId: wakeUpId(moved.scheduled as ScheduledStart),
        schedule: this.withWarning(schedule, to, moved),
        entityTag: moved.entityTag,
        ...rearmed,
      }),
    });
  }

  private withWarning(schedule: ResolvedSchedule, asked: Schedule, { details }: Changed): ResolvedSchedule {
    const { timezoneBefore } = details as MoveDetails;
    const warning = this.resolver.warnOfOmittedZone(asked, timezoneBefore);
    return warning === null ? schedule : { ...schedule, warnings: [...schedule.warnings, warning] };
  }
}
