import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many batches an organization has in each status, by the day on which they were created: nobody counts rows. */
export class CountBatchJobs1795750000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // In this order: from the triggers on nobody else writes until the commit, so that every batch is counted once.
    for (const statement of [TABLES, TRIGGERS, COUNT_WHAT_IS_THERE]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      drop trigger count_inserted_batch_jobs on batch_jobs;
      drop trigger count_deleted_batch_jobs on batch_jobs;
      drop trigger count_truncated_batch_jobs on batch_jobs;
      drop trigger recount_batch_job on batch_jobs;
      drop function count_batch_jobs(), recount_batch_job();
      drop table batch_job_count_changes, batch_job_counts;
    `);
  }
}

// Few rows that many write at a time would make them wait for each other: changes are appended, and added up later. The
// table of changes stays small, and is emptied all the time: it is vacuumed by the thousand rows.
const TABLES = `
  create table batch_job_counts (
    organization_id text not null,
    status          text not null,
    created_on      date not null,
    batch_jobs      integer not null,
    constraint batch_job_counts_pkey primary key (organization_id, status, created_on)
  );

  create table batch_job_count_changes (
    organization_id text not null,
    id              bigint generated always as identity,
    status          text not null,
    created_on      date not null,
    change          integer not null,
    constraint batch_job_count_changes_pkey primary key (organization_id, id)
  ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
`;

// Of an update only what is counted otherwise afterwards: a move of a scheduled batch calls no function at all.
const TRIGGERS = `
  create function count_batch_jobs() returns trigger language plpgsql as $$
  begin
    if tg_op = 'INSERT' then
      insert into batch_job_count_changes (organization_id, status, created_on, change)
        select organization_id, status, (created_at at time zone 'UTC')::date, count(*) from after_rows group by 1, 2, 3;
    elsif tg_op = 'DELETE' then
      insert into batch_job_count_changes (organization_id, status, created_on, change)
        select organization_id, status, (created_at at time zone 'UTC')::date, -count(*) from before_rows group by 1, 2, 3;
    else
      delete from batch_job_count_changes;
      delete from batch_job_counts;
    end if;
    return null;
  end $$;

  create function recount_batch_job() returns trigger language plpgsql as $$
  begin
    insert into batch_job_count_changes (organization_id, status, created_on, change)
    values (old.organization_id, old.status, (old.created_at at time zone 'UTC')::date, -1),
           (new.organization_id, new.status, (new.created_at at time zone 'UTC')::date, 1);
    return null;
  end $$;

  create trigger count_inserted_batch_jobs after insert on batch_jobs
    referencing new table as after_rows for each statement execute function count_batch_jobs();
  create trigger count_deleted_batch_jobs after delete on batch_jobs
    referencing old table as before_rows for each statement execute function count_batch_jobs();
  create trigger count_truncated_batch_jobs after truncate on batch_jobs
    for each statement execute function count_batch_jobs();
  create trigger recount_batch_job after update on batch_jobs for each row
    when ((old.status, old.organization_id, old.created_at) is distinct from (new.status, new.organization_id, new.created_at))
    execute function recount_batch_job();
`;

const COUNT_WHAT_IS_THERE = `
  insert into batch_job_counts (organization_id, status, created_on, batch_jobs)
    select organization_id, status, (created_at at time zone 'UTC')::date, count(*) from batch_jobs group by 1, 2, 3;
`;
