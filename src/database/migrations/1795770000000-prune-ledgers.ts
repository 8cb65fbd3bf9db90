import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The history may lose what is old, where the operator says so; everything else of the ledgers stays as it was. */
export class PruneLedgers1795770000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create function refuse_history_change() returns trigger language plpgsql as $$
      begin
        if tg_op = 'DELETE' and current_setting('batch_jobs.prunes_history', true) = 'on' then return null; end if;
        raise exception '% only grows: its rows are neither changed nor deleted', tg_table_name
          using errcode = 'restrict_violation', table = tg_table_name;
      end $$;

      create or replace trigger batch_job_history_only_grows before update or delete or truncate on batch_job_history
        for each statement execute function refuse_history_change();
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create or replace trigger batch_job_history_only_grows before update or delete or truncate on batch_job_history
        for each statement execute function refuse_ledger_change();
      drop function refuse_history_change();
    `);
  }
}
