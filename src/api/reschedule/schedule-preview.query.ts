import type { Disambiguation, Schedule } from '../../batch-jobs/schedule.js';
import { DisambiguationField, StartTimeField, TimezoneField } from '../http/fields.js';

export class SchedulePreviewQuery {
  @StartTimeField() scheduledStartTime: string;
  @TimezoneField() timezone?: string;
  @DisambiguationField() disambiguation?: Disambiguation;

  toSchedule(): Schedule {
    const { scheduledStartTime: startTime, timezone, disambiguation } = this;
    return { startTime, timezone, disambiguation };
  }
}
