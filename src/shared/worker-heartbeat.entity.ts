import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A worker's last sign of life, and what it said of itself. Rows of workers that are gone are deleted by the others.
 */
@Entity('worker_heartbeats')
export class WorkerHeartbeat {
  /** Of one process, made anew with each start. */
  @PrimaryColumn({ name: 'worker_id', type: 'text', primaryKeyConstraintName: 'worker_heartbeats_pkey' })
  readonly workerId: string;

  @Column({ name: 'started_at', type: 'timestamptz', precision: 3 }) readonly startedAt: Date;

  @Column({ name: 'beat_at', type: 'timestamptz', precision: 3 }) readonly beatAt: Date;

  /** Names of queues that it takes nothing from, though it should. */
  @Column({ name: 'stopped_consumers', type: 'text', array: true }) readonly stoppedConsumers: string[];

  /** Names of loops whose last round was too long ago. */
  @Column({ name: 'stalled_loops', type: 'text', array: true }) readonly stalledLoops: string[];
}
