import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Batches are found by a part of their name, and say themselves after which outcomes a contact is called again. */
export class FindAndRetry1795710000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [NAMES, RETRIES]) await queryRunner.query(statement);
  }

  /** The extension stays: others may use it by now. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      alter table batch_jobs drop column retryable_statuses;
      drop index batch_jobs_by_name;
    `);
  }
}

// An extension has one schema in a database, and that may be none of our search path when it was there before.
const NAMES = `
  create extension if not exists pg_trgm;
  do $$
  begin
    execute format('create index batch_jobs_by_name on batch_jobs using gin (name %I.gin_trgm_ops)',
                   (select nspname from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
                     where extname = 'pg_trgm'));
  end
  $$;
`;

const RETRIES = `
  alter table batch_jobs
    add column retryable_statuses text[] not null default '{no_answer,busy,timeout}'
      constraint batch_jobs_retryable_statuses_known
      check (retryable_statuses <@ '{no_answer,busy,timeout}');
`;
