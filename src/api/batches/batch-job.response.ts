import { BATCH_JOB_STATUSES, type BatchJobStatus } from '../../batch-jobs/batch-job.status.js';
import { SNOOZE_REASONS, type SnoozeReason } from '../../batch-jobs/call.snooze.js';
import { entityTagOf } from '../../batch-jobs/entity-tag.js';
import { RETRYABLE_STATUSES } from '../../batch-jobs/contact.status.js';
import { summarize } from '../../batch-jobs/status-counts.js';
import type { CountedJob } from '../../operations/batch-jobs.service.js';
import { toUtc, toUtcOrNull } from '../../shared/utc.js';
import { EntityTagShown, Shown, ShownOrNull } from '../http/fields.js';

export class RetryPolicyResponse {
  @Shown('Most calls to one contact, the first included.', { example: 3, type: 'integer' })
  readonly maxAttempts: number;

  @Shown('Outcomes after which a contact is called again.', { type: [String], example: RETRYABLE_STATUSES })
  readonly retryableStatuses: readonly string[];
}

const INSTANT = { type: String, format: 'date-time', example: '2027-03-01T15:00:00Z' } as const;
const COUNT = { type: 'integer' } as const;

export class BatchJobResponse {
  @Shown('The job.', { example: 'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8' }) readonly id: string;
  @Shown('Its name.', { example: 'March reminders' }) readonly name: string;
  @ShownOrNull('Null without one.', { type: String, example: 'Appointments of week 10' })
  readonly description: string | null;
  @Shown('Where it is.', { enum: BATCH_JOB_STATUSES, example: 'running' }) readonly status: BatchJobStatus;
  @Shown('The organization it belongs to.', { example: 'org_demo' }) readonly organizationId: string;
  @Shown('The agent that speaks.', { example: 'agent_demo' }) readonly agentId: string;
  @Shown('The number it calls from.', { example: 'phone_demo' }) readonly fromPhoneNumberId: string;
  @Shown('Contacts on the list.', { ...COUNT, example: 988 }) readonly totalContacts: number;
  @Shown('Contacts that will not be called any more.', { ...COUNT, example: 412 }) readonly contactsProcessed: number;
  @Shown('Contacts that answered.', { ...COUNT, example: 305 }) readonly successfulCalls: number;
  @Shown('Contacts that ended without an answer; cancelled ones not included.', { ...COUNT, example: 107 })
  readonly failedCalls: number;
  @Shown('Most calls at one time.', { ...COUNT, example: 5 }) readonly concurrentCallLimit: number;
  @Shown('When a contact is called again.', { type: RetryPolicyResponse }) readonly retryPolicy: RetryPolicyResponse;
  @ShownOrNull('The start, UTC. Null until scheduled.', INSTANT) readonly scheduledStartTime: string | null;
  @ShownOrNull('Zone of the start. Null until scheduled.', { type: String, example: 'America/New_York' })
  readonly timezone: string | null;
  @ShownOrNull('When it did start, UTC. Null until then.', { ...INSTANT, example: '2027-03-01T15:00:00.412Z' })
  readonly actualStartTime: string | null;
  @ShownOrNull('When it ended, UTC. Null until then.', { ...INSTANT, example: null }) readonly completedAt:
    string | null;
  @Shown('When it was created, UTC.', { ...INSTANT, example: '2027-02-24T18:20:00Z' }) readonly createdAt: string;
  @ShownOrNull('Why it failed. Null unless failed.', { type: String, example: null })
  readonly failureReason: string | null;
  @ShownOrNull('Why the service has paused it. Null unless paused, and when a person has.', {
    enum: SNOOZE_REASONS,
    example: null,
  })
  readonly pauseReason: SnoozeReason | null;
  @Shown('Times the start was set.', { ...COUNT, example: 1 }) readonly scheduleRevision: number;
  @ShownOrNull('Minutes of lateness after which its start is missed; 0: none. Null: as the deployment has it.', {
    ...COUNT,
    example: null,
  })
  readonly maxLateStartMinutes: number | null;
  @ShownOrNull('The start on a clock in its zone (RFC 9557). Null until scheduled.', {
    type: String,
    example: '2027-03-01T10:00:00-05:00[America/New_York]',
  })
  readonly localStartTime: string | null;
  @EntityTagShown() readonly etag: string;

  static of({ job, counts, localStartTime }: CountedJob): BatchJobResponse {
    const { id, name, description, status, organizationId, agentId, fromPhoneNumberId, totalContacts } = job;
    const {
      concurrentCallLimit,
      maxAttempts,
      retryableStatuses,
      timezone,
      failureReason,
      pauseReason,
      scheduleRevision,
      maxLateStartMinutes,
    } = job;
    return {
      id,
      name,
      description,
      status,
      organizationId,
      agentId,
      fromPhoneNumberId,
      totalContacts,
      ...summarize(counts),
      concurrentCallLimit,
      retryPolicy: { maxAttempts, retryableStatuses },
      scheduledStartTime: toUtcOrNull(job.startsAt),
      timezone,
      actualStartTime: toUtcOrNull(job.startedAt),
      completedAt: toUtcOrNull(job.completedAt),
      createdAt: toUtc(job.createdAt),
      failureReason,
      pauseReason,
      scheduleRevision,
      maxLateStartMinutes,
      localStartTime,
      etag: entityTagOf(job),
    };
  }
}
