import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a batch in trouble needs: what holds it, and why the service has paused it. */
export class HoldBatches1795740000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [PAUSE_REASON, HOLDS]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      drop table batch_job_holds;
      alter table batch_jobs drop column pause_reason;
    `);
  }
}

const PAUSE_REASON = `
  alter table batch_jobs add column pause_reason text
    constraint batch_jobs_pause_reason_of_paused check (pause_reason is null or status = 'paused');
`;

const HOLDS = `
  create table batch_job_holds (
    batch_job_id  text constraint batch_job_holds_pkey primary key
      constraint batch_job_holds_of_batch_job references batch_jobs on delete cascade,
    reason        text not null
      constraint batch_job_holds_reason_known
      check (reason in ('provider_busy', 'provider_unreachable', 'provider_failing', 'dialer_misconfigured',
                        'account_suspended', 'insufficient_balance')),
    error_code    text,
    setbacks      integer not null,
    set_at        timestamptz(3) not null,
    held_until    timestamptz(3) not null,
    calls_allowed integer not null,
    constraint batch_job_holds_in_range check (setbacks >= 0 and calls_allowed >= 1)
  );
`;
