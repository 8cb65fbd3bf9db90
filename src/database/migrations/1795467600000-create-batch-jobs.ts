import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of the walking system. Every rule that a statement relies on is a named constraint here. */
export class CreateBatchJobs1795467600000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [ACCESS, BATCH_JOBS, CONTACTS, CONTACT_COUNTS, LEDGERS]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      drop table batch_job_history, batch_job_starts, contact_counts, contacts, batch_jobs, api_keys, phone_numbers, organizations;
      drop function count_contacts();
    `);
  }
}

const ACCESS = `
  create table organizations (
    id         text constraint organizations_pkey primary key,
    name       text not null,
    created_at timestamptz(3) not null default clock_timestamp()
  );

  create table phone_numbers (
    id                     text constraint phone_numbers_pkey primary key,
    organization_id        text not null constraint phone_numbers_of_organization references organizations on delete cascade,
    phone_number           text not null,
    outbound_agent_id      text,
    outbound_agent_channel text constraint phone_numbers_channel_known check (outbound_agent_channel in ('voice', 'text')),
    created_at             timestamptz(3) not null default clock_timestamp(),
    constraint phone_numbers_agent_has_channel check ((outbound_agent_id is null) = (outbound_agent_channel is null))
  );

  create table api_keys (
    id              text constraint api_keys_pkey primary key,
    organization_id text not null constraint api_keys_of_organization references organizations on delete cascade,
    name            text not null,
    hash            bytea not null,
    scopes          text[] not null
      constraint api_keys_scopes_known check (scopes <@ array['jobs:read', 'jobs:write', 'calls:report', 'admin']),
    expires_at      timestamptz(3),
    revoked_at      timestamptz(3),
    last_used_at    timestamptz(3),
    created_at      timestamptz(3) not null default clock_timestamp()
  );
  create unique index api_keys_hash on api_keys (hash);
`;

const BATCH_JOBS = `
  create table batch_jobs (
    id                    text constraint batch_jobs_pkey primary key,
    organization_id       text not null,
    from_phone_number_id  text not null,
    agent_id              text not null,
    name                  text not null,
    description           text,
    status                text not null
      constraint batch_jobs_status_known
      check (status in ('pending', 'scheduled', 'running', 'paused', 'completed', 'failed', 'cancelled')),
    concurrent_call_limit integer not null,
    max_attempts          integer not null,
    total_contacts        integer not null,
    starts_at             timestamptz(3),
    local_start_time      text,
    timezone              text,
    disambiguation        text,
    tzdb_version          text,
    schedule_revision     integer not null default 0,
    started_at            timestamptz(3),
    completed_at          timestamptz(3),
    failure_reason        text,
    created_at            timestamptz(3) not null default clock_timestamp(),
    constraint batch_jobs_scheduled_has_start check (status <> 'scheduled' or starts_at is not null),
    constraint batch_jobs_running_has_started
      check (status not in ('running', 'paused', 'completed') or started_at is not null),
    constraint batch_jobs_start_has_zone
      check (starts_at is null or (timezone is not null and disambiguation is not null))
  );
  create index batch_jobs_due on batch_jobs (starts_at) where status = 'scheduled';
  create index batch_jobs_newest_first on batch_jobs (organization_id, created_at, id);
`;

const CONTACTS = `
  create table contacts (
    id                    text constraint contacts_pkey primary key,
    batch_job_id          text not null constraint contacts_of_batch_job references batch_jobs on delete cascade,
    position              integer not null,
    phone_number          text not null,
    contact_data          json not null,
    status                text not null default 'pending'
      constraint contacts_status_known
      check (status in ('pending', 'queued', 'dialing', 'completed', 'no_answer', 'busy', 'timeout', 'blocked',
                        'invalid_number', 'carrier_error', 'failed', 'cancelled')),
    attempt_count         integer not null default 0,
    last_attempt_at       timestamptz(3),
    next_retry_at         timestamptz(3),
    completed_at          timestamptz(3),
    error_code            text,
    failure_reason        text,
    room_name             text,
    call_duration_seconds integer
  );
  create unique index contacts_in_list_order on contacts (batch_job_id, position);
  create index contacts_by_status on contacts (batch_job_id, status, position);
`;

// One trigger per statement, not per row: 10,000 contacts cost one extra upsert. The rows of a batch are touched in the
// order of their status, so that two statements on one batch wait for each other instead of deadlocking.
const CONTACT_COUNTS = `
  create table contact_counts (
    batch_job_id text not null constraint contact_counts_of_batch_job references batch_jobs on delete cascade,
    status       text not null,
    contacts     integer not null,
    constraint contact_counts_pkey primary key (batch_job_id, status)
  );

  create function count_contacts() returns trigger language plpgsql as $$
  begin
    if tg_op = 'INSERT' then
      insert into contact_counts (batch_job_id, status, contacts)
        select batch_job_id, status, count(*) from after_rows group by 1, 2 order by 1, 2
        on conflict (batch_job_id, status) do update set contacts = contact_counts.contacts + excluded.contacts;
    elsif tg_op = 'UPDATE' then
      insert into contact_counts (batch_job_id, status, contacts)
        select batch_job_id, status, sum(change) from (
          select batch_job_id, status, -1 as change from before_rows union all
          select batch_job_id, status, 1 from after_rows
        ) as changes group by 1, 2 having sum(change) <> 0 order by 1, 2
        on conflict (batch_job_id, status) do update set contacts = contact_counts.contacts + excluded.contacts;
    else
      insert into contact_counts (batch_job_id, status, contacts)
        select batch_job_id, status, -count(*) from before_rows
          where exists (select from batch_jobs where id = batch_job_id) group by 1, 2 order by 1, 2
        on conflict (batch_job_id, status) do update set contacts = contact_counts.contacts + excluded.contacts;
    end if;
    return null;
  end $$;

  create trigger count_inserted_contacts after insert on contacts
    referencing new table as after_rows for each statement execute function count_contacts();
  create trigger count_updated_contacts after update on contacts
    referencing old table as before_rows new table as after_rows for each statement execute function count_contacts();
  create trigger count_deleted_contacts after delete on contacts
    referencing old table as before_rows for each statement execute function count_contacts();
`;

const LEDGERS = `
  create table batch_job_starts (
    batch_job_id text constraint batch_job_starts_pkey primary key,
    revision     integer not null,
    trigger      text not null constraint batch_job_starts_trigger_known check ("trigger" in ('timer', 'sweep', 'request')),
    planned_at   timestamptz(3),
    started_at   timestamptz(3) not null,
    late_ms      bigint
  );

  create table batch_job_history (
    id              bigint generated always as identity constraint batch_job_history_pkey primary key,
    batch_job_id    text not null,
    organization_id text not null,
    occurred_at     timestamptz(3) not null default clock_timestamp(),
    action          text not null
      constraint batch_job_history_action_known
      check (action in ('created', 'rescheduled', 'started', 'cancelled', 'missed')),
    actor           text not null,
    request_id      text,
    before          jsonb,
    after           jsonb not null
  );
  create index batch_job_history_of_job on batch_job_history (batch_job_id, id);
`;
