import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row, which is written to learn whether PostgreSQL takes changes (`Database.probe`). */
@Entity('write_probes')
export class WriteProbe {
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'write_probes_pkey' }) readonly id: number;

  @Column({ name: 'probed_at', type: 'timestamptz', precision: 3 }) readonly probedAt: Date;
}
