import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The tenant: everything else belongs to one, and every query filters by it. */
@Entity('organizations')
@Check('organizations_call_limit_in_range', 'concurrent_call_limit between 0 and 10000')
export class Organization {
  /** `org_` and a ULID, or a short name such as `'org_demo'`. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'organizations_pkey' }) readonly id: string;

  @Column({ type: 'text' }) readonly name: string;

  /** Most calls of all its batches in flight at one time, 0–10,000; 0 places none. */
  @Column({ name: 'concurrent_call_limit', type: 'integer', default: 5 }) readonly concurrentCallLimit: number;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'clock_timestamp()' })
  readonly createdAt: Date;
}
