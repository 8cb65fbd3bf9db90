import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { BatchJobStatus } from './batch-job.status.js';

/** A change of a `BatchJobCount`, appended by triggers on `batch_jobs`: nobody waits for a counter. Added up by `CountUpkeep`. */
@Entity('batch_job_count_changes')
export class BatchJobCountChange {
  @PrimaryColumn({ name: 'organization_id', type: 'text', primaryKeyConstraintName: 'batch_job_count_changes_pkey' })
  readonly organizationId: string;

  @PrimaryColumn({
    type: 'bigint',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'batch_job_count_changes_pkey',
  })
  readonly id: string;

  @Column({ type: 'text' }) readonly status: BatchJobStatus;

  /** In UTC, `'2027-03-01'`. */
  @Column({ name: 'created_on', type: 'date' }) readonly createdOn: string;

  @Column({ type: 'integer' }) readonly change: number;
}
