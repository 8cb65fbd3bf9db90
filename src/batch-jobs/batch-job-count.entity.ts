import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { BatchJobStatus } from './batch-job.status.js';

/**
 * How many batches of an organization are in one status, of those created on one day: `total` of a list, and where a page
 * of it begins. With what is still in `BatchJobCountChange` it is exact at every moment.
 */
@Entity('batch_job_counts')
export class BatchJobCount {
  @PrimaryColumn({ name: 'organization_id', type: 'text', primaryKeyConstraintName: 'batch_job_counts_pkey' })
  readonly organizationId: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'batch_job_counts_pkey' }) readonly status: BatchJobStatus;

  /** In UTC, `'2027-03-01'`. */
  @PrimaryColumn({ name: 'created_on', type: 'date', primaryKeyConstraintName: 'batch_job_counts_pkey' })
  readonly createdOn: string;

  @Column({ name: 'batch_jobs', type: 'integer' }) readonly batchJobs: number;
}
