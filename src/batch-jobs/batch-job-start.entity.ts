import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { BatchJobId } from './batch-job.entity.js';

/** What started a batch: the queue's timer, the sweep that found it due, or a person. */
export const START_TRIGGERS = ['timer', 'sweep', 'request'] as const;
export type StartTrigger = (typeof START_TRIGGERS)[number];

/**
 * The start ledger: one row for each batch that started, written in the claim's own transaction.
 *
 * Its primary key makes a second start impossible even for a faulty claim. It has no foreign key: a start that
 * happened stays on record when the job is deleted.
 */
@Entity('batch_job_starts')
@Check('batch_job_starts_trigger_known', `"trigger" in (${START_TRIGGERS.map((trigger) => `'${trigger}'`).join(', ')})`)
export class BatchJobStart {
  @PrimaryColumn({ name: 'batch_job_id', type: 'text', primaryKeyConstraintName: 'batch_job_starts_pkey' })
  readonly batchJobId: BatchJobId;

  @Column({ type: 'integer' }) readonly revision: number;

  @Column({ type: 'text' }) readonly trigger: StartTrigger;

  /** `startsAt` at the moment of the start. Null for a pending job started by a person. */
  @Column({ name: 'planned_at', type: 'timestamptz', precision: 3, nullable: true }) readonly plannedAt: Date | null;

  @Column({ name: 'started_at', type: 'timestamptz', precision: 3 }) readonly startedAt: Date;

  /** `startedAt - plannedAt`, never negative for a timer or a sweep. Null when a person started it. */
  @Column({ name: 'late_ms', type: 'bigint', nullable: true }) readonly lateMs: string | null;
}
