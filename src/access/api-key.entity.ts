import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Organization } from './organization.entity.js';
import { SCOPES, type Scope } from './scopes.js';

/** A key of one organization. The key itself is shown once and never stored. */
@Entity('api_keys')
@Check('api_keys_scopes_known', `scopes <@ array[${SCOPES.map((scope) => `'${scope}'`).join(', ')}]`)
@Index('api_keys_hash', ['hash'], { unique: true })
export class ApiKey {
  /** `key_` and a ULID: the actor in the history of what it changed. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'api_keys_pkey' }) readonly id: string;

  @Column({ name: 'organization_id', type: 'text' }) readonly organizationId: string;

  @ManyToOne(() => Organization, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'organization_id', foreignKeyConstraintName: 'api_keys_of_organization' })
  readonly organization?: Organization;

  @Column({ type: 'text' }) readonly name: string;

  /**
   * The first 16 characters of the key, for finding one that leaked: `'bj_live_3kTMd9Qa'`. Null: from before it was
   * kept.
   */
  @Column({ type: 'text', nullable: true }) readonly beginning: string | null;

  /** HMAC-SHA-256 of the key under the pepper, or the previous one until its next use; 32 bytes. */
  @Column({ type: 'bytea' }) readonly hash: Buffer;

  @Column({ type: 'text', array: true }) readonly scopes: readonly Scope[];

  /** Null: never expires. */
  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3, nullable: true }) readonly expiresAt: Date | null;

  /** Null while in force. */
  @Column({ name: 'revoked_at', type: 'timestamptz', precision: 3, nullable: true }) readonly revokedAt: Date | null;

  /** Exact to a minute. Null until first used. */
  @Column({ name: 'last_used_at', type: 'timestamptz', precision: 3, nullable: true })
  readonly lastUsedAt: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'clock_timestamp()' })
  readonly createdAt: Date;
}
