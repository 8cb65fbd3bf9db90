import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { BATCH_JOB_STATUSES, type BatchJobStatus } from './batch-job.status.js';
import type { SnoozeReason } from './call.snooze.js';
import { RETRYABLE_STATUSES, type RetryableStatus } from './contact.status.js';
import type { Disambiguation } from './schedule.js';

/** `batch_` and a ULID: `'batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8'`. */
export type BatchJobId = string;

const list = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');

/**
 * A list of contacts to be called by one agent from one number.
 *
 * The row is the truth of the start: status, instant and revision are written by conditional statements only
 * (`schedule.statements.ts`), never by loading and saving.
 */
@Entity('batch_jobs')
@Check('batch_jobs_status_known', `status in (${list(BATCH_JOB_STATUSES)})`)
@Check('batch_jobs_scheduled_has_start', `status <> 'scheduled' or starts_at is not null`)
@Check('batch_jobs_running_has_started', `status not in ('running', 'paused', 'completed') or started_at is not null`)
@Check('batch_jobs_start_has_zone', `starts_at is null or (timezone is not null and disambiguation is not null)`)
@Check('batch_jobs_pause_reason_of_paused', `pause_reason is null or status = 'paused'`)
@Check('batch_jobs_late_limit_in_range', 'max_late_start_minutes between 0 and 525600')
@Check('batch_jobs_retryable_statuses_known', `retryable_statuses <@ '{${RETRYABLE_STATUSES.join(',')}}'`)
@Index('batch_jobs_to_start', ['startsAt', 'organizationId'], { where: `status = 'scheduled'` })
@Index('batch_jobs_running', ['organizationId'], { where: `status = 'running'` })
// Written by hand in the migration: TypeORM has no word for its operators.
@Index('batch_jobs_by_name', { synchronize: false })
// The same: nor for columns that are only kept in an index.
@Index('batch_jobs_in_list', { synchronize: false })
@Index('batch_jobs_by_start', { synchronize: false })
export class BatchJob {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'batch_jobs_pkey' }) readonly id: BatchJobId;

  @Column({ name: 'organization_id', type: 'text' }) readonly organizationId: string;

  @Column({ name: 'from_phone_number_id', type: 'text' }) readonly fromPhoneNumberId: string;

  /** That number in E.164, as it was when the job was created. Null when the platform's `OutboundNumbers` did not say. */
  @Column({ name: 'from_phone_number', type: 'text', nullable: true }) readonly fromPhoneNumber: string | null;

  /** The number's outbound agent when the job was created; a later change of the number leaves the job as it is. */
  @Column({ name: 'agent_id', type: 'text' }) readonly agentId: string;

  @Column({ type: 'text' }) readonly name: string;

  @Column({ type: 'text', nullable: true }) readonly description: string | null;

  @Column({ type: 'text' }) readonly status: BatchJobStatus;

  /** Most calls of this batch in flight at one time, 1–50. */
  @Column({ name: 'concurrent_call_limit', type: 'integer' }) readonly concurrentCallLimit: number;

  /** Most calls to one contact, the first included, 1–10. */
  @Column({ name: 'max_attempts', type: 'integer' }) readonly maxAttempts: number;

  /** Outcomes after which a contact is called again while attempts are left. Empty: nobody is. */
  @Column({ name: 'retryable_statuses', type: 'text', array: true, default: [...RETRYABLE_STATUSES] })
  readonly retryableStatuses: readonly RetryableStatus[];

  @Column({ name: 'total_contacts', type: 'integer' }) readonly totalContacts: number;

  /** Instant the batch becomes due. Null until scheduled; kept after the start, for `startedAt - startsAt`. */
  @Column({ name: 'starts_at', type: 'timestamptz', precision: 3, nullable: true }) readonly startsAt: Date | null;

  /** Wall time chosen, `'2026-03-09T09:00:00'`. Null until scheduled, and when the start was given as an instant. */
  @Column({ name: 'local_start_time', type: 'text', nullable: true }) readonly localStartTime: string | null;

  /** IANA name of the schedule. Null until scheduled. */
  @Column({ type: 'text', nullable: true }) readonly timezone: string | null;

  @Column({ type: 'text', nullable: true }) readonly disambiguation: Disambiguation | null;

  /** Version of the zone rules that gave `startsAt`, `'2026f'`. Null until scheduled. */
  @Column({ name: 'tzdb_version', type: 'text', nullable: true }) readonly tzdbVersion: string | null;

  /** A start later than this is marked missed; 0: any lateness is fine. Null: as `MAX_LATE_START_MINUTES` says. */
  @Column({ name: 'max_late_start_minutes', type: 'integer', nullable: true })
  readonly maxLateStartMinutes: number | null;

  /** Number of times the job was (re)scheduled; a wake-up of a lower one is stale. */
  @Column({ name: 'schedule_revision', type: 'integer', default: 0 }) readonly scheduleRevision: number;

  /** Raised by a trigger with every change of the row: what an entity tag stands for. */
  @Column({ type: 'integer', default: 1 }) readonly version: number;

  /** When it did start. Null until then. */
  @Column({ name: 'started_at', type: 'timestamptz', precision: 3, nullable: true }) readonly startedAt: Date | null;

  /** When it reached a terminal status. Null until then. */
  @Column({ name: 'completed_at', type: 'timestamptz', precision: 3, nullable: true })
  readonly completedAt: Date | null;

  /** Why the job failed, a stable word such as `'start_window_missed'`. Null unless failed. */
  @Column({ name: 'failure_reason', type: 'text', nullable: true }) readonly failureReason: string | null;

  /** Why the service has paused it. Null unless paused, and when a person has paused it. */
  @Column({ name: 'pause_reason', type: 'text', nullable: true }) readonly pauseReason: SnoozeReason | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'clock_timestamp()' })
  readonly createdAt: Date;
}
