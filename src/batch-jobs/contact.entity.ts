import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { BatchJob, type BatchJobId } from './batch-job.entity.js';
import { CONTACT_STATUSES, type ContactStatus } from './contact.status.js';

/** One person on the list of a batch job. */
@Entity('contacts')
@Check('contacts_status_known', `status in (${CONTACT_STATUSES.map((status) => `'${status}'`).join(', ')})`)
@Index('contacts_in_list_order', ['batchJobId', 'position'], { unique: true })
@Index('contacts_by_status', ['batchJobId', 'status', 'position'])
@Index('contacts_due', ['batchJobId', 'nextRetryAt'], { where: `status = 'queued'` })
export class Contact {
  /** `contact_` and a ULID. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'contacts_pkey' }) readonly id: string;

  @Column({ name: 'batch_job_id', type: 'text' }) readonly batchJobId: BatchJobId;

  @ManyToOne(() => BatchJob, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'batch_job_id', foreignKeyConstraintName: 'contacts_of_batch_job' })
  readonly batchJob?: BatchJob;

  /** 1-based place among the accepted contacts of the list. */
  @Column({ type: 'integer' }) readonly position: number;

  /** E.164. */
  @Column({ name: 'phone_number', type: 'text' }) readonly phoneNumber: string;

  /** The row as uploaded, `phone` included; `json` and not `jsonb`, because it keeps the order of the columns. */
  @Column({ name: 'contact_data', type: 'json' }) readonly contactData: Readonly<Record<string, unknown>>;

  @Column({ type: 'text', default: 'pending' }) readonly status: ContactStatus;

  /** Calls placed so far. */
  @Column({ name: 'attempt_count', type: 'integer', default: 0 }) readonly attemptCount: number;

  /** Null until the first call. */
  @Column({ name: 'last_attempt_at', type: 'timestamptz', precision: 3, nullable: true })
  readonly lastAttemptAt: Date | null;

  /** Null unless `queued`. */
  @Column({ name: 'next_retry_at', type: 'timestamptz', precision: 3, nullable: true })
  readonly nextRetryAt: Date | null;

  /** Null until no further call will be placed. */
  @Column({ name: 'completed_at', type: 'timestamptz', precision: 3, nullable: true })
  readonly completedAt: Date | null;

  /** The dialer's code of the last failure. Null without one. */
  @Column({ name: 'error_code', type: 'text', nullable: true }) readonly errorCode: string | null;

  /** Null unless the last call failed. */
  @Column({ name: 'failure_reason', type: 'text', nullable: true }) readonly failureReason: string | null;

  /** The dialer's name of the last call's room. Null until a call. */
  @Column({ name: 'room_name', type: 'text', nullable: true }) readonly roomName: string | null;

  /** Length of the last call. Null until one ended. */
  @Column({ name: 'call_duration_seconds', type: 'integer', nullable: true })
  readonly callDurationSeconds: number | null;
}
