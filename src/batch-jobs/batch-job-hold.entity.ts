import { Check, Column, Entity, JoinColumn, OneToOne, PrimaryColumn } from 'typeorm';
import { BatchJob, type BatchJobId } from './batch-job.entity.js';
import { SNOOZE_REASONS, type SnoozeReason } from './call.snooze.js';

const list = SNOOZE_REASONS.map((reason) => `'${reason}'`).join(', ');

/**
 * A batch that goes slowly, because calls of it could not be placed. There is a row only while that is so: it goes when
 * as many calls are allowed again as the batch may have, when the batch is resumed, and when it ends.
 *
 * Apart from `batch_jobs`, whose rows and entity tags stay as they are. Written by `setback.statements.ts` only, but
 * for its end.
 */
@Entity('batch_job_holds')
@Check('batch_job_holds_reason_known', `reason in (${list})`)
@Check('batch_job_holds_in_range', 'setbacks >= 0 and calls_allowed >= 1')
export class BatchJobHold {
  @PrimaryColumn({ name: 'batch_job_id', type: 'text', primaryKeyConstraintName: 'batch_job_holds_pkey' })
  readonly batchJobId: BatchJobId;

  @OneToOne(() => BatchJob, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'batch_job_id', foreignKeyConstraintName: 'batch_job_holds_of_batch_job' })
  readonly batchJob?: BatchJob;

  /** Of the last setback. */
  @Column({ type: 'text' }) readonly reason: SnoozeReason;

  /** What the provider said, in its own code. Null when it said nothing. */
  @Column({ name: 'error_code', type: 'text', nullable: true }) readonly errorCode: string | null;

  /** In a row, since the provider last took a call. */
  @Column({ type: 'integer' }) readonly setbacks: number;

  /** When the last setback was counted: calls that were placed before belong to it. */
  @Column({ name: 'set_at', type: 'timestamptz', precision: 3 }) readonly setAt: Date;

  /** No call is claimed or placed before. */
  @Column({ name: 'held_until', type: 'timestamptz', precision: 3 }) readonly heldUntil: Date;

  /** Most calls in flight for the time being, at least 1. */
  @Column({ name: 'calls_allowed', type: 'integer' }) readonly callsAllowed: number;
}
