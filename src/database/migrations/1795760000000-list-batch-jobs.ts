import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Indexes that every list is read by. Made beside a service that works: `concurrently` waits for writers instead of
 * stopping them, and must not stand in a transaction. One that was interrupted is made anew. Undone in the ordinary way.
 */
export class ListBatchJobs1795760000000 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [name, definition] of Object.entries(INDEXES)) {
      await queryRunner.query(`drop index concurrently if exists ${name}`);
      await queryRunner.query(`create index concurrently ${name} on batch_jobs ${definition}`);
    }
    for (const name of Object.keys(REPLACED)) await queryRunner.query(`drop index concurrently if exists ${name}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const [name, definition] of Object.entries(REPLACED))
      await queryRunner.query(`create index if not exists ${name} on batch_jobs ${definition}`);
    await queryRunner.query(`drop index if exists ${Object.keys(INDEXES).join(', ')}`);
  }
}

// A move changes the start of a scheduled batch, and so adds to every index in which that batch is: as many as before.
const INDEXES = {
  batch_jobs_in_list: '(organization_id, status, created_at, id) include (starts_at)',
  batch_jobs_to_start: `(starts_at, organization_id) where status = 'scheduled'`,
  batch_jobs_by_start: `(organization_id, starts_at) include (status, created_at, id) where status <> 'scheduled'`,
};

const REPLACED = {
  batch_jobs_newest_first: '(organization_id, created_at, id)',
  batch_jobs_due: `(starts_at) where status = 'scheduled'`,
};
