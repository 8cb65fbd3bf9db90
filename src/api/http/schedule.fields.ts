import type { ResolvedSchedule, Resolution } from '../../batch-jobs/schedule.js';
import { Shown } from './fields.js';

const NOT_ARMED =
  'The queue cannot be reached at the moment. The start is kept; its timer is set as soon as the queue is back.';

/** What was made of the asked start. */
export class ScheduleFields {
  @Shown('IANA zone of the start, in its canonical spelling.', { example: 'America/New_York' })
  readonly timezone: string;

  @Shown('The start on a clock in that zone (RFC 9557).', { example: '2025-03-01T10:00:00-05:00[America/New_York]' })
  readonly localStartTime: string;

  @Shown('Whether the wall time exists once, was skipped by a clock change, or happens twice.', {
    enum: ['exact', 'gap', 'overlap'],
    example: 'exact',
  })
  readonly resolution: Resolution;

  @Shown('Times the start was set; each change raises it.', { example: 1, type: 'integer' })
  readonly scheduleRevision: number;

  @Shown('One sentence for each choice made on your behalf; empty when none was.', { type: [String], example: [] })
  readonly warnings: readonly string[];

  static from(schedule: ResolvedSchedule, scheduleRevision: number, isArmed: boolean): ScheduleFields {
    const { timezone, localStartTime, resolution } = schedule;
    const warnings = isArmed ? schedule.warnings : [...schedule.warnings, NOT_ARMED];
    return { timezone, localStartTime, resolution, scheduleRevision, warnings };
  }
}
