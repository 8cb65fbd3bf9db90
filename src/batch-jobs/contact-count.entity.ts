import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { BatchJob, type BatchJobId } from './batch-job.entity.js';
import type { ContactStatus } from './contact.status.js';

/**
 * How many contacts of a batch job are in one status: the one source of every counter the API shows.
 *
 * Written by a trigger on `contacts` within the statement that changes them, so that it adds up to `totalContacts` at
 * every moment. Read only from here.
 */
@Entity('contact_counts')
export class ContactCount {
  @PrimaryColumn({ name: 'batch_job_id', type: 'text', primaryKeyConstraintName: 'contact_counts_pkey' })
  readonly batchJobId: BatchJobId;

  @ManyToOne(() => BatchJob, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'batch_job_id', foreignKeyConstraintName: 'contact_counts_of_batch_job' })
  readonly batchJob?: BatchJob;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'contact_counts_pkey' }) readonly status: ContactStatus;

  @Column({ type: 'integer' }) readonly contacts: number;
}
