import { IntersectionType, PartialType } from '@nestjs/swagger';
import type { Created } from '../../operations/batch-jobs.service.js';
import { toUtc } from '../../shared/utc.js';
import { EntityTagShown, Shown, ShownOrNull } from '../http/fields.js';
import { ScheduleFields } from '../http/schedule.fields.js';

export class RejectedRowResponse {
  @Shown('Row of the file, its header being row 1; of a JSON list, the place in the list, from 1.', {
    example: 3,
    type: 'integer',
  })
  readonly row: number;

  @Shown('What is wrong with it. Never contains the number.', {
    example: 'The phone number is too short for its country code.',
  })
  readonly reason: string;
}

class CreatedFields {
  @Shown('Always true.', { example: true }) readonly success: true;

  @Shown('What was done.', { example: 'Batch job created with 2 contacts' }) readonly message: string;

  @Shown('The job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly batchJobId: string;

  @Shown('Contacts that will be called.', { example: 2, type: 'integer' }) readonly totalContacts: number;

  @Shown('On the average, under both limits of calls and with as many retries as calls have needed of late.', {
    example: '2 minutes',
  })
  readonly estimatedDuration: string;

  @Shown('If every contact is called once, US dollars.', { example: '$0.07' }) readonly estimatedCost: string;

  @Shown('`pending` without a start.', { enum: ['scheduled', 'pending'], example: 'scheduled' })
  readonly status: 'scheduled' | 'pending';

  @ShownOrNull('The start, UTC. Null for a pending job.', {
    type: String,
    example: '2027-03-01T15:00:00Z',
    format: 'date-time',
  })
  readonly scheduledStartTime: string | null;

  @Shown('Rows left out because of their number or form.', { example: 1, type: 'integer' })
  readonly invalidContacts: number;

  @Shown('Rows left out because the number came before.', { example: 0, type: 'integer' })
  readonly duplicateContacts: number;

  @Shown('The first 100 rows left out, with the reason.', { type: [RejectedRowResponse] })
  readonly rejectedRows: readonly RejectedRowResponse[];

  @EntityTagShown() readonly etag: string;
}

/** The fields of the schedule are there for a scheduled job only. */
export class CreateResponse extends IntersectionType(CreatedFields, PartialType(ScheduleFields)) {
  static of({ batchJobId, list, estimate, schedule, isArmed, entityTag }: Created): CreateResponse {
    const { validContacts, invalidContacts, duplicateContacts, rejectedRows } = list;
    const count = (many: number, one: string): string => `${many} ${one}${many === 1 ? '' : 's'}`;
    return {
      success: true,
      message: `Batch job created with ${count(validContacts, 'contact')}`,
      batchJobId,
      totalContacts: validContacts,
      // Rounded: 3 × 1.1 is 3.3000000000000003.
      estimatedDuration: count(Number(estimate.minutes.toFixed(2)), 'minute'),
      estimatedCost: `$${estimate.dollars.toFixed(2)}`,
      status: schedule ? 'scheduled' : 'pending',
      scheduledStartTime: schedule && toUtc(schedule.startsAt),
      invalidContacts,
      duplicateContacts,
      rejectedRows,
      ...(schedule && ScheduleFields.from(schedule, 1, isArmed)),
      etag: entityTag,
    };
  }
}
