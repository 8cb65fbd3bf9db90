import { ApiProperty, IntersectionType, OmitType } from '@nestjs/swagger';
import type { ContactList } from '../../batch-jobs/contact-list.js';
import { RETRYABLE_STATUSES, type RetryableStatus } from '../../batch-jobs/contact.status.js';
import type { Disambiguation } from '../../batch-jobs/schedule.js';
import type { CreateBatchJob } from '../../operations/batch-jobs.service.js';
import {
  DisambiguationField,
  LineField,
  OptionalCountryField,
  OptionalStartTimeField,
  OptionalTextField,
  OptionalWholeNumberField,
  TimezoneField,
  WholeNumberField,
} from '../http/fields.js';
import { OptionalWordsField, RETRYABLE } from '../http/words.fields.js';
import { BOUNDS } from '../http/bounds.js';

const LATE_LIMIT =
  'A start later than this many minutes is marked missed; 0: any lateness is fine. Left out: as the deployment has it.';

const PHONE_COLUMN =
  'Name of the column that has the numbers, when it is not `phone` or another usual one, or when several may be it. Goes before `file`.';

/** Everything but the list, which is read on its own way (`contact-list.body.ts`). */
export class CreateBody {
  @LineField({ max: 64, example: 'phone_demo', description: 'The number to call from.' })
  fromPhoneNumberId: string;

  @LineField({ max: BOUNDS.name, example: 'March reminders', description: 'Name of the batch.' })
  name: string;

  @OptionalTextField({
    max: BOUNDS.description,
    example: 'Appointments of week 10',
    description: 'Anything worth remembering.',
  })
  description?: string | null;

  @WholeNumberField({
    min: 1,
    max: BOUNDS.concurrentCallLimit,
    fallback: 5,
    description: 'Most calls of this batch at one time.',
  })
  concurrentCallLimit: number = 5;

  @WholeNumberField({
    min: 1,
    max: BOUNDS.maxAttempts,
    fallback: 3,
    description: 'Most calls to one contact, the first included.',
  })
  maxAttempts: number = 3;

  @OptionalWordsField(RETRYABLE)
  retryableStatuses?: readonly RetryableStatus[] | null;

  @OptionalWholeNumberField({ min: 0, max: 525_600, example: 30, description: LATE_LIMIT })
  maxLateStartMinutes?: number | null;

  @OptionalStartTimeField() scheduledStartTime?: string | null;
  @TimezoneField({ nullable: true }) timezone?: string | null;
  @DisambiguationField({ nullable: true }) disambiguation?: Disambiguation | null;

  @OptionalCountryField() defaultCountry?: string | null;

  @OptionalTextField({ max: 1_000, example: 'phone', description: PHONE_COLUMN })
  phoneColumn?: string | null;

  toInput(list: ContactList): CreateBatchJob {
    const { fromPhoneNumberId, name, concurrentCallLimit, maxAttempts } = this;
    const startTime = this.scheduledStartTime ?? null;
    const timezone = this.timezone ?? undefined;
    const disambiguation = this.disambiguation ?? undefined;
    return {
      fromPhoneNumberId,
      name,
      concurrentCallLimit,
      maxAttempts,
      retryableStatuses: this.retryableStatuses ?? RETRYABLE_STATUSES,
      maxLateStartMinutes: this.maxLateStartMinutes ?? null,
      list,
      description: this.description ?? null,
      timezone,
      schedule: startTime === null ? null : { startTime, timezone, disambiguation },
    };
  }
}

class ContactsField {
  @ApiProperty({
    description:
      'Each with a `phone`, in E.164 unless `defaultCountry` is given, and an optional `name`; every other key is a custom field.',
    type: 'array',
    minItems: 1,
    items: {
      type: 'object',
      required: ['phone'],
      properties: {
        phone: { type: 'string', description: 'E.164.', example: '+12025550123' },
        name: { type: 'string', description: 'For the agent to say.', example: 'Ada' },
      },
      additionalProperties: true,
    },
    example: [{ phone: '+12025550123', name: 'Ada', appointment: 'Tuesday at nine' }, { phone: '+442079460123' }],
  })
  contacts: readonly Readonly<Record<string, unknown>>[];
}

class FileField {
  @ApiProperty({
    description:
      'CSV in UTF-8 with a header row and a column `phone`, or with another usual name for it; every other column is a custom field.',
    type: 'string',
    format: 'binary',
    example: 'phone,name,appointment\n+12025550123,Ada,Tuesday at nine\n+442079460123,,\n',
  })
  file: unknown;
}

/** What the document shows of a body as JSON. */
export class CreateJsonBody extends IntersectionType(OmitType(CreateBody, ['phoneColumn']), ContactsField) {}

/** What the document shows of a body as a form. The file is last: Swagger UI sends the fields in this order. */
export class CreateFormBody extends IntersectionType(CreateBody, FileField) {}
