import { Injectable } from '@nestjs/common';
import type { ResolvedSchedule, Schedule } from '../batch-jobs/schedule.js';
import { Database } from '../shared/database.js';
import { READ_CLOCK } from '../shared/database.statements.js';
import { PastScheduledTimeError } from './schedule.errors.js';
import { ScheduleResolver } from './schedule.resolver.js';
import { TimezoneService, type ZoneAt } from './timezone.service.js';

/** What a schedule would mean. */
export interface SchedulePreview {
  readonly schedule: ResolvedSchedule;
  /** Its zone at the start. */
  readonly zone: ZoneAt;
  /** From now to the start, more than 0. */
  readonly startsInMs: number;
}

/** Says what a schedule means before anything is scheduled. */
@Injectable()
export class SchedulePreviewService {
  constructor(
    private readonly resolver: ScheduleResolver,
    private readonly timezones: TimezoneService,
    private readonly database: Database,
  ) {}

  /**
   * Reads a schedule as a reschedule would, by PostgreSQL's clock, and changes nothing.
   *
   * @throws invalid_timezone     the zone is not in the zone data
   * @throws invalid_datetime     malformed, too far ahead, or skipped or repeated under `disambiguation: 'reject'`
   * @throws past_scheduled_time  the instant is not after now
   * @throws unavailable          PostgreSQL cannot be reached
   */
  async preview(asked: Schedule): Promise<SchedulePreview> {
    const schedule = this.resolver.resolve(asked);
    const [{ now }] = await this.database.run(READ_CLOCK, {});
    const startsInMs = schedule.startsAt.getTime() - now.getTime();
    if (startsInMs <= 0) throw new PastScheduledTimeError(schedule);
    return { schedule, zone: this.timezones.zoneAt(schedule.startsAt, schedule.timezone), startsInMs };
  }
}
