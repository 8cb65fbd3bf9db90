import { Column, Entity, JoinColumn, OneToOne, PrimaryColumn } from 'typeorm';
import { BatchJob, type BatchJobId } from './batch-job.entity.js';

/** How many wake-ups of a batch job were refused because their schedule was no longer in force. No row: none. */
@Entity('batch_job_stale_wake_ups')
export class StaleWakeUps {
  @PrimaryColumn({ name: 'batch_job_id', type: 'text', primaryKeyConstraintName: 'batch_job_stale_wake_ups_pkey' })
  readonly batchJobId: BatchJobId;

  @OneToOne(() => BatchJob, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'batch_job_id', foreignKeyConstraintName: 'batch_job_stale_wake_ups_of_batch_job' })
  readonly batchJob?: BatchJob;

  @Column({ type: 'integer' }) readonly refused: number;
}
