import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What placing calls needs: limits, the calls themselves, and the words for what people do with a running batch. */
export class PlaceCalls1795633200000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [LIMITS, CONTACTS, CALL_ATTEMPTS, HISTORY]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      alter table batch_job_history drop constraint batch_job_history_action_in_use;
      alter table batch_job_history add constraint batch_job_history_action_known
        check (action in ('created', 'rescheduled', 'started', 'cancelled', 'missed')) not valid;
      drop table call_attempts;
      drop index contacts_due, batch_jobs_running;
      alter table batch_jobs drop column from_phone_number;
      alter table organizations drop column concurrent_call_limit;
    `);
  }
}

const LIMITS = `
  alter table organizations add column concurrent_call_limit integer not null default 5
    constraint organizations_call_limit_in_range check (concurrent_call_limit between 0 and 10000);

  alter table batch_jobs add column from_phone_number text;
  update batch_jobs as job set from_phone_number = number.phone_number
    from phone_numbers as number
   where number.id = job.from_phone_number_id and number.organization_id = job.organization_id;
`;

const CONTACTS = `
  create index batch_jobs_running on batch_jobs (organization_id) where status = 'running';
  create index contacts_due on contacts (batch_job_id, next_retry_at) where status = 'queued';
`;

// Two of the indexes are guards: a contact never has two calls at a time, nor the same attempt twice.
const CALL_ATTEMPTS = `
  create table call_attempts (
    id               text constraint call_attempts_pkey primary key,
    organization_id  text not null,
    batch_job_id     text not null,
    contact_id       text not null,
    attempt          integer not null,
    claimed_at       timestamptz(3) not null,
    placed_at        timestamptz(3),
    lease_ends_at    timestamptz(3),
    accepted_at      timestamptz(3),
    provider_call_id text,
    room_name        text,
    ended_at         timestamptz(3),
    outcome          text
      constraint call_attempts_outcome_known
      check (outcome in ('answered', 'no_answer', 'busy', 'timeout', 'invalid_number', 'blocked', 'carrier_error',
                         'failed', 'cancelled')),
    error_code       text,
    reason           text,
    duration_seconds integer,
    constraint call_attempts_ended_has_outcome check ((ended_at is null) = (outcome is null)),
    constraint call_attempts_placed_has_lease check (placed_at is null or lease_ends_at is not null)
  );
  create index call_attempts_open on call_attempts (organization_id, batch_job_id) where ended_at is null;
  create unique index call_attempts_one_open_per_contact on call_attempts (contact_id) where ended_at is null;
  create unique index call_attempts_of_contact on call_attempts (contact_id, attempt);
  create index call_attempts_last_claimed on call_attempts (batch_job_id, claimed_at);
  create index call_attempts_last_ended on call_attempts (batch_job_id, ended_at);
`;

const HISTORY = `
  alter table batch_job_history drop constraint batch_job_history_action_known;
  alter table batch_job_history add constraint batch_job_history_action_in_use
    check (action in ('created', 'rescheduled', 'changed', 'started', 'paused', 'resumed', 'completed', 'failed',
                      'cancelled', 'missed', 'deleted'));
`;
