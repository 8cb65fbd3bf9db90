import type { BatchJob } from '../../batch-jobs/batch-job.entity.js';
import type { Contact } from '../../batch-jobs/contact.entity.js';
import { CONTACT_STATUSES, type ContactStatus } from '../../batch-jobs/contact.status.js';
import { toUtcOrNull } from '../../shared/utc.js';
import { Shown, ShownOrNull } from '../http/fields.js';

const INSTANT = { type: String, format: 'date-time' } as const;

export class ContactResponse {
  @Shown('The contact.', { example: 'contact_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly id: string;
  @Shown('E.164.', { example: '+12025550123' }) readonly phoneNumber: string;
  @Shown('The row as uploaded, `phone` included.', {
    type: 'object',
    additionalProperties: true,
    example: { phone: '+12025550123', name: 'Ada' },
  })
  readonly contactData: Readonly<Record<string, unknown>>;
  @Shown('Where it is, or how it ended.', { enum: CONTACT_STATUSES, example: 'completed' })
  readonly status: ContactStatus;
  @ShownOrNull("The dialer's code of the last failure. Null without one.", { type: String, example: null })
  readonly errorCode: string | null;
  @Shown('Calls placed so far.', { type: 'integer', example: 1 }) readonly attemptCount: number;
  @Shown('Most calls.', { type: 'integer', example: 3 }) readonly maxAttempts: number;
  @ShownOrNull('The last call, UTC. Null until one.', { ...INSTANT, example: '2027-03-01T15:00:01Z' })
  readonly lastAttemptAt: string | null;
  @ShownOrNull('The next call, UTC. Null unless `queued`.', { ...INSTANT, example: null }) readonly nextRetryAt:
    string | null;
  @ShownOrNull('When it ended, UTC. Null until then.', { ...INSTANT, example: '2027-03-01T15:01:15Z' })
  readonly completedAt: string | null;
  @ShownOrNull("The dialer's name of the last call's room. Null until one.", { type: String, example: 'room_7f3a' })
  readonly roomName: string | null;
  @ShownOrNull('Why the last call failed. Null unless it did.', { type: String, example: null })
  readonly failureReason: string | null;
  @ShownOrNull('Length of the last call in seconds. Null until one ended.', { type: 'integer', example: 74 })
  readonly callDuration: number | null;

  static of({ maxAttempts }: BatchJob, contact: Contact): ContactResponse {
    const { id, phoneNumber, contactData, status, errorCode, attemptCount, roomName, failureReason } = contact;
    return {
      id,
      phoneNumber,
      contactData,
      status,
      errorCode,
      attemptCount,
      maxAttempts,
      lastAttemptAt: toUtcOrNull(contact.lastAttemptAt),
      nextRetryAt: toUtcOrNull(contact.nextRetryAt),
      completedAt: toUtcOrNull(contact.completedAt),
      roomName,
      failureReason,
      callDuration: contact.callDurationSeconds,
    };
  }
}
