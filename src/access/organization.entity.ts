import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The tenant: everything else belongs to one, and every query filters by it. */
@Entity('organizations')
export class Organization {
  /** `org_` and a ULID, or a short name such as `'org_demo'`. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'organizations_pkey' }) readonly id: string;

  @Column({ type: 'text' }) readonly name: string;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'clock_timestamp()' })
  readonly createdAt: Date;
}
