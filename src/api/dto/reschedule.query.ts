import type { Disambiguation, Schedule } from '../../batch-jobs/schedule.js';
import { DisambiguationField, StartTimeField, TimezoneField } from './fields.js';
import { movesOf } from './reschedule.examples.js';

export class RescheduleQuery {
  @StartTimeField({ examples: movesOf('scheduledStartTime') }) scheduledStartTime: string;
  @TimezoneField({ examples: movesOf('timezone') }) timezone?: string;
  @DisambiguationField() disambiguation?: Disambiguation;

  toSchedule(): Schedule {
    const { scheduledStartTime: startTime, timezone, disambiguation } = this;
    return { startTime, timezone, disambiguation };
  }
}
