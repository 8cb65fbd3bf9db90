import { Inject, Injectable } from '@nestjs/common';
import type { BatchJob } from '../batch-jobs/batch-job.entity.js';
import type { ResolvedSchedule, Schedule } from '../batch-jobs/schedule.js';
import { Clock } from '../shared/clock.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { StartTooFarError } from './schedule.errors.js';
import { TimezoneService } from './timezone.service.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Finds the instant a schedule means, within the limit of how far ahead it may lie. Reads no database. */
@Injectable()
export class ScheduleResolver {
  constructor(
    private readonly timezones: TimezoneService,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @throws invalid_timezone  not an IANA name; undefined is fine */
  checkTimezone(timezone: string | undefined): void {
    if (timezone !== undefined) this.timezones.canonicalName(timezone);
  }

  /**
   * Whether the start lies in the future is not asked here: PostgreSQL decides it, in the statement that stores it.
   *
   * @throws invalid_timezone  the zone is not in the zone data
   * @throws invalid_datetime  malformed, refused by `disambiguation: 'reject'`, or too far ahead
   */
  resolve(schedule: Schedule): ResolvedSchedule {
    const resolved = this.timezones.resolve(schedule);
    const { maxScheduleDays } = this.settings;
    if (resolved.startsAt.getTime() > this.clock.now().getTime() + maxScheduleDays * DAY_MS) {
      throw new StartTooFarError(maxScheduleDays);
    }
    return resolved;
  }

  /** See `TimezoneService.warnOfOmittedZone`. */
  warnOfOmittedZone(asked: Schedule, zoneBefore: string | null): string | null {
    return this.timezones.warnOfOmittedZone(asked, zoneBefore);
  }

  /**
   * A stored start as a clock in its zone shows it, RFC 9557. Null without one, and for a zone that the data do not
   * have.
   */
  localStartTimeOf({ startsAt, timezone }: Pick<BatchJob, 'startsAt' | 'timezone'>): string | null {
    // Data older than those that stored it may not know a zone: that is no reason to show nothing of a job.
    if (!startsAt || timezone === null || !this.timezones.knows(timezone)) return null;
    return this.timezones.localStartTime(startsAt, timezone);
  }
}
