import type { Resolution } from '../../batch-jobs/schedule.js';
import type { SchedulePreview } from '../../scheduling/schedule-preview.service.js';
import { toUtc } from '../../shared/utc.js';
import { Shown } from '../http/fields.js';

export class SchedulePreviewResponse {
  @Shown('Always true.', { example: true }) readonly success: true;

  @Shown('The start, UTC.', { example: '2027-03-01T15:00:00Z', format: 'date-time' })
  readonly scheduledStartTime: string;

  @Shown('The start on a clock in its zone (RFC 9557).', { example: '2027-03-01T10:00:00-05:00[America/New_York]' })
  readonly localStartTime: string;

  @Shown('IANA zone of the start, in its canonical spelling.', { example: 'America/New_York' })
  readonly timezone: string;

  @Shown('What clocks there add to UTC then.', { example: '-05:00' }) readonly utcOffset: string;

  @Shown('Whether the wall time exists once, was skipped by a clock change, or happens twice.', {
    enum: ['exact', 'gap', 'overlap'],
    example: 'exact',
  })
  readonly resolution: Resolution;

  @Shown('Whether clocks are ahead then of the smallest offset that the zone has within half a year.', {
    example: false,
  })
  readonly isDaylightSaving: boolean;

  @Shown('Seconds from now to the start, rounded up.', { example: 774_000, type: 'integer', minimum: 1 })
  readonly startsInSeconds: number;

  @Shown('One sentence for each choice made on your behalf; empty when none was.', { type: [String], example: [] })
  readonly warnings: readonly string[];

  static of({ schedule, zone, startsInMs }: SchedulePreview): SchedulePreviewResponse {
    const { startsAt, localStartTime, timezone, resolution, warnings } = schedule;
    return {
      success: true,
      scheduledStartTime: toUtc(startsAt),
      localStartTime,
      timezone,
      utcOffset: zone.utcOffset,
      resolution,
      isDaylightSaving: zone.isDaylightSaving,
      startsInSeconds: Math.ceil(startsInMs / 1_000),
      warnings,
    };
  }
}
