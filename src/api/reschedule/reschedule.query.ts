import type { Disambiguation, Schedule } from '../../batch-jobs/schedule.js';
import { DisambiguationField, OptionalReasonField, StartTimeField, TimezoneField } from '../http/fields.js';
import { movesOf } from './reschedule.examples.js';

export class RescheduleQuery {
  @StartTimeField({ examples: movesOf('scheduledStartTime') }) scheduledStartTime: string;
  @TimezoneField({ examples: movesOf('timezone') }) timezone?: string;
  @DisambiguationField() disambiguation?: Disambiguation;
  @OptionalReasonField() reason?: string;

  toSchedule(): Schedule {
    const { scheduledStartTime: startTime, timezone, disambiguation } = this;
    return { startTime, timezone, disambiguation };
  }
}
