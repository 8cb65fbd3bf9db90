import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A change that a caller named, and what was answered: written in the change's own transaction. */
@Entity('idempotency_keys')
@Check('idempotency_keys_key_short', 'char_length(key) between 1 and 255')
@Index('idempotency_keys_oldest_first', ['createdAt'])
export class IdempotencyKey {
  @PrimaryColumn({ name: 'organization_id', type: 'text', primaryKeyConstraintName: 'idempotency_keys_pkey' })
  readonly organizationId: string;

  /** As sent in the header `Idempotency-Key`, 1–255 characters. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'idempotency_keys_pkey' }) readonly key: string;

  /** SHA-256 of the request, 32 bytes: the same key with another request is refused. */
  @Column({ type: 'bytea' }) readonly fingerprint: Buffer;

  /** The body of the answer; `json` and not `jsonb`, because it keeps the order of the fields. */
  @Column({ type: 'json' }) readonly answer: object;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'clock_timestamp()' })
  readonly createdAt: Date;
}
