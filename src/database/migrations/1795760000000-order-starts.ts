import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The order of all starts, in which they are compared with their wake-ups a page at a time. */
export class OrderStarts1795760000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      drop index batch_jobs_due;
      create index batch_jobs_due on batch_jobs (starts_at, id) where status = 'scheduled';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      drop index batch_jobs_due;
      create index batch_jobs_due on batch_jobs (starts_at) where status = 'scheduled';
    `);
  }
}
