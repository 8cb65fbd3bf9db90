import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { BatchJobId } from './batch-job.entity.js';
import { CALL_OUTCOMES, type CallOutcome } from './call.outcome.js';

const list = CALL_OUTCOMES.map((outcome) => `'${outcome}'`).join(', ');

/**
 * One call: claimed, placed, ended. While it has not ended it holds a slot of its organization and of its batch.
 *
 * It has no foreign keys: a call in progress keeps its slot when its batch is deleted. Written by the statements of
 * `calls.statements.ts` only.
 */
@Entity('call_attempts')
@Check('call_attempts_outcome_known', `outcome in (${list})`)
@Check('call_attempts_ended_has_outcome', '(ended_at is null) = (outcome is null)')
@Check('call_attempts_placed_has_lease', 'placed_at is null or lease_ends_at is not null')
@Index('call_attempts_open', ['organizationId', 'batchJobId'], { where: 'ended_at is null' })
@Index('call_attempts_one_open_per_contact', ['contactId'], { unique: true, where: 'ended_at is null' })
@Index('call_attempts_of_contact', ['contactId', 'attempt'], { unique: true })
@Index('call_attempts_last_claimed', ['batchJobId', 'claimedAt'])
@Index('call_attempts_last_ended', ['batchJobId', 'endedAt'])
export class CallAttempt {
  /** `call_` and a ULID. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'call_attempts_pkey' }) readonly id: string;

  @Column({ name: 'organization_id', type: 'text' }) readonly organizationId: string;

  @Column({ name: 'batch_job_id', type: 'text' }) readonly batchJobId: BatchJobId;

  @Column({ name: 'contact_id', type: 'text' }) readonly contactId: string;

  /** 1-based count of calls to the contact. */
  @Column({ type: 'integer' }) readonly attempt: number;

  /** When it got its slot. */
  @Column({ name: 'claimed_at', type: 'timestamptz', precision: 3 }) readonly claimedAt: Date;

  /** When it was handed to the dialer: from then on the phone may ring. Null until then. */
  @Column({ name: 'placed_at', type: 'timestamptz', precision: 3, nullable: true }) readonly placedAt: Date | null;

  /** When an outcome that has not arrived counts as unknown. Null until placed. */
  @Column({ name: 'lease_ends_at', type: 'timestamptz', precision: 3, nullable: true })
  readonly leaseEndsAt: Date | null;

  /** When the provider took it. Null until then, and for a call that ended at once. */
  @Column({ name: 'accepted_at', type: 'timestamptz', precision: 3, nullable: true }) readonly acceptedAt: Date | null;

  /** The provider's id. Null until it is told. */
  @Column({ name: 'provider_call_id', type: 'text', nullable: true }) readonly providerCallId: string | null;

  @Column({ name: 'room_name', type: 'text', nullable: true }) readonly roomName: string | null;

  /** When its outcome was recorded; its slot is free from then on. Null while it holds one. */
  @Column({ name: 'ended_at', type: 'timestamptz', precision: 3, nullable: true }) readonly endedAt: Date | null;

  /** Null until ended. */
  @Column({ type: 'text', nullable: true }) readonly outcome: CallOutcome | null;

  @Column({ name: 'error_code', type: 'text', nullable: true }) readonly errorCode: string | null;

  @Column({ type: 'text', nullable: true }) readonly reason: string | null;

  @Column({ name: 'duration_seconds', type: 'integer', nullable: true }) readonly durationSeconds: number | null;
}
