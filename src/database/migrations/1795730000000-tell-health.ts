import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What `/health` rests on: a row to try to write, and what each worker says of itself. */
export class TellHealth1795730000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table write_probes (
        id        integer constraint write_probes_pkey primary key,
        probed_at timestamptz(3) not null
      );
      insert into write_probes (id, probed_at) values (1, clock_timestamp());

      create table worker_heartbeats (
        worker_id         text constraint worker_heartbeats_pkey primary key,
        started_at        timestamptz(3) not null,
        beat_at           timestamptz(3) not null,
        stopped_consumers text[] not null,
        stalled_loops     text[] not null
      );
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table worker_heartbeats, write_probes');
  }
}
