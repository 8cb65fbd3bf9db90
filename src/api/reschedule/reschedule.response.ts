import type { Rescheduled } from '../../operations/reschedule.service.js';
import { toUtc } from '../../shared/utc.js';
import { EntityTagShown, Shown } from '../http/fields.js';
import { ScheduleFields } from '../http/schedule.fields.js';

const messageOf = ({ statusBefore, oldJobCancelled }: Rescheduled): string => {
  if (statusBefore === 'pending') return 'Scheduled successfully';
  return oldJobCancelled ? 'Rescheduled successfully (old job cancelled)' : 'Rescheduled successfully';
};

export class RescheduleResponse extends ScheduleFields {
  @Shown('Always true.', { example: true }) readonly success: true;

  @Shown('What was done.', { example: 'Rescheduled successfully (old job cancelled)' }) readonly message: string;

  @Shown('The job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly batchJobId: string;

  @Shown('The new start, UTC.', { example: '2025-03-01T15:00:00Z', format: 'date-time' })
  readonly scheduledStartTime: string;

  @Shown('Always `scheduled`.', { example: 'scheduled', enum: ['scheduled'] }) readonly status: 'scheduled';

  @Shown('An old queue job existed and was removed. False while the queue cannot be reached.', { example: true })
  readonly oldJobCancelled: boolean;

  @Shown('Id of the new delayed queue job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8.r2' })
  readonly newScheduledJobId: string;

  @EntityTagShown() readonly etag: string;

  static of(moved: Rescheduled): RescheduleResponse {
    const { start, queueJobId, schedule, oldJobCancelled, isArmed, entityTag } = moved;
    return {
      success: true,
      message: messageOf(moved),
      batchJobId: start.batchJobId,
      scheduledStartTime: toUtc(start.startsAt),
      status: 'scheduled',
      oldJobCancelled,
      newScheduledJobId: queueJobId,
      ...ScheduleFields.from(schedule, start.revision, isArmed),
      etag: entityTag,
    };
  }
}
