import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Makes what happened permanent: ledgers that only grow, batches that only move forward, answers that can be repeated,
 * and a version of each batch for callers who change only what they have seen.
 */
export class KeepWhatHappened1795620600000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [BATCH_JOBS, LEDGERS, STALE_WAKE_UPS, IDEMPOTENCY_KEYS]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      drop table idempotency_keys, batch_job_stale_wake_ups;
      drop trigger batch_job_history_only_grows on batch_job_history;
      drop trigger batch_job_starts_only_grow on batch_job_starts;
      drop function refuse_ledger_change();
      alter table batch_job_history drop column reason;
      drop trigger batch_jobs_only_move_forward on batch_jobs;
      drop function guard_batch_job();
      alter table batch_jobs drop column version, drop column max_late_start_minutes;
    `);
  }
}

// The edges are those of batch-jobs/batch-job.status.ts; a test holds the two together. A second line of defence: the
// product's own statements never ask for a move that is refused here.
const BATCH_JOBS = `
  alter table batch_jobs
    add column max_late_start_minutes integer
      constraint batch_jobs_late_limit_in_range check (max_late_start_minutes between 0 and 525600),
    add column version integer not null default 1;

  create function guard_batch_job() returns trigger language plpgsql as $$
  begin
    if new.schedule_revision < old.schedule_revision then
      raise exception 'the schedule revision of % must not fall from % to %', old.id, old.schedule_revision, new.schedule_revision
        using errcode = 'check_violation', constraint = 'batch_jobs_revision_never_falls', table = 'batch_jobs';
    end if;
    if new.status <> old.status and not new.status = any (case old.status
      when 'pending' then array['scheduled', 'running', 'cancelled']
      when 'scheduled' then array['running', 'cancelled', 'failed']
      when 'running' then array['paused', 'completed', 'failed', 'cancelled']
      when 'paused' then array['running', 'cancelled']
      else array[]::text[] end)
    then
      raise exception 'the status of % must not go from % to %', old.id, old.status, new.status
        using errcode = 'check_violation', constraint = 'batch_jobs_status_edge_known', table = 'batch_jobs';
    end if;
    new.version := old.version + 1;
    return new;
  end $$;

  create trigger batch_jobs_only_move_forward before update on batch_jobs
    for each row when (old.* is distinct from new.*) execute function guard_batch_job();
`;

// Also against a statement that would hit no row, and against truncate. Whoever must remove what is in them for a law's
// sake disables the trigger as the tables' owner: that is a deliberate act, and shows in the log of PostgreSQL.
const LEDGERS = `
  alter table batch_job_history
    add column reason text constraint batch_job_history_reason_short check (char_length(reason) <= 200);

  create function refuse_ledger_change() returns trigger language plpgsql as $$
  begin
    raise exception '% only grows: its rows are neither changed nor deleted', tg_table_name
      using errcode = 'restrict_violation', table = tg_table_name;
  end $$;

  create trigger batch_job_history_only_grows before update or delete or truncate on batch_job_history
    for each statement execute function refuse_ledger_change();
  create trigger batch_job_starts_only_grow before update or delete or truncate on batch_job_starts
    for each statement execute function refuse_ledger_change();
`;

const STALE_WAKE_UPS = `
  create table batch_job_stale_wake_ups (
    batch_job_id text constraint batch_job_stale_wake_ups_pkey primary key
      constraint batch_job_stale_wake_ups_of_batch_job references batch_jobs on delete cascade,
    refused      integer not null
  );
`;

const IDEMPOTENCY_KEYS = `
  create table idempotency_keys (
    organization_id text not null,
    key             text not null constraint idempotency_keys_key_short check (char_length(key) between 1 and 255),
    fingerprint     bytea not null,
    answer          json not null,
    created_at      timestamptz(3) not null default clock_timestamp(),
    constraint idempotency_keys_pkey primary key (organization_id, key)
  );
  create index idempotency_keys_oldest_first on idempotency_keys (created_at);
`;
