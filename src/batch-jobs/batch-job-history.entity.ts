import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { BatchJobId } from './batch-job.entity.js';
import type { RetryableStatus } from './contact.status.js';
import type { BatchJobStatus } from './batch-job.status.js';

export const HISTORY_ACTIONS = [
  'created',
  'rescheduled',
  'changed',
  'started',
  'paused',
  'resumed',
  'completed',
  'failed',
  'cancelled',
  'missed',
  'deleted',
] as const;
export type HistoryAction = (typeof HISTORY_ACTIONS)[number];

/** What says how calls are placed. */
export const CALL_SETTINGS = ['concurrentCallLimit', 'maxAttempts', 'retryableStatuses'] as const;

/** What a person may change about a job beside its start. */
export interface ChangeableSettings {
  readonly name: string;
  readonly description: string | null;
  readonly concurrentCallLimit: number;
  readonly maxAttempts: number;
  readonly retryableStatuses: readonly RetryableStatus[];
}

/** The facts of a job that a person's decision changes, as they were before or after it. */
export interface HistoryFacts {
  readonly status: BatchJobStatus;
  readonly scheduleRevision: number;
  /** RFC 3339 UTC; null until scheduled. */
  readonly startsAt: string | null;
  readonly localStartTime: string | null;
  readonly timezone: string | null;
  /**
   * Absent but in the two sides of `changed`. Without `retryableStatuses` while every job retried after all of them.
   */
  readonly settings?: Omit<ChangeableSettings, 'retryableStatuses'> & Partial<ChangeableSettings>;
}

/** One change of a batch job: who, when, from what, to what. Written in the transaction of the change; a trigger refuses to change or delete it. */
@Entity('batch_job_history')
@Check('batch_job_history_action_in_use', `action in (${HISTORY_ACTIONS.map((action) => `'${action}'`).join(', ')})`)
@Check('batch_job_history_reason_short', 'char_length(reason) <= 200')
@Index('batch_job_history_of_job', ['batchJobId', 'id'])
export class BatchJobHistory {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'batch_job_history_pkey',
  })
  readonly id: string;

  @Column({ name: 'batch_job_id', type: 'text' }) readonly batchJobId: BatchJobId;

  @Column({ name: 'organization_id', type: 'text' }) readonly organizationId: string;

  @Column({ name: 'occurred_at', type: 'timestamptz', precision: 3, default: () => 'clock_timestamp()' })
  readonly occurredAt: Date;

  @Column({ type: 'text' }) readonly action: HistoryAction;

  /** Id of the API key, or what a host application names itself; `'system'` for timers and sweeps. */
  @Column({ type: 'text' }) readonly actor: string;

  /** Null when no request was the cause. */
  @Column({ name: 'request_id', type: 'text', nullable: true }) readonly requestId: string | null;

  /** What the caller gave as the reason, or a stable word of ours such as `'start_window_missed'`. Null without one. */
  @Column({ type: 'text', nullable: true }) readonly reason: string | null;

  /** Null for `created`. */
  @Column({ type: 'jsonb', nullable: true }) readonly before: HistoryFacts | null;

  @Column({ type: 'jsonb' }) readonly after: HistoryFacts;
}
