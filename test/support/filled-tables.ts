import type { Client } from 'pg';

/**
 * Fills every table that grows, as a year of use would, in the proportions of a large organization among some: statuses,
 * days and starts are spread. 40,000 batches, 40,000 contacts and calls, 80,000 changes.
 */
export async function fillTables(client: Client): Promise<void> {
  for (const statement of FILLING) await client.query(statement);
  await client.query('vacuum analyze');
}

const FILLING = [
  `insert into organizations (id, name) select 'org_' || at, 'Organization' from generate_series(0, 9) as at`,
  `insert into batch_jobs (
     id, organization_id, from_phone_number_id, agent_id, name, status, concurrent_call_limit, max_attempts,
     total_contacts, schedule_revision, starts_at, timezone, disambiguation, tzdb_version, local_start_time, created_at,
     started_at, completed_at)
   select 'batch_' || lpad(at::text, 26, '0'), case when at % 5 = 0 then 'org_' || at % 10 else 'org_0' end, 'phone',
          'agent', case when at <= 10000 then 'Autumn letters ' else 'Reminders of week ' end || at, status, 5, 3, 1, 1,
          case when status <> 'pending' then created_at + make_interval(hours => 1 + at * 37 % 700) end,
          case when status <> 'pending' then 'UTC' end, case when status <> 'pending' then 'compatible' end, '2026a',
          '2026-12-01T09:00:00', created_at,
          case when status in ('running', 'paused', 'completed') then clock_timestamp() end,
          case when status in ('completed', 'failed', 'cancelled') then clock_timestamp() end
     from generate_series(1, 40000) as at,
          lateral (select (array['scheduled', 'completed', 'scheduled', 'completed', 'cancelled', 'scheduled', 'failed',
                                 'completed', 'pending', 'scheduled'])[1 + at % 10]) as usual (usual),
          lateral (select case when at % 1000 = 1 then 'running' when at % 1000 = 2 then 'paused' else usual end) as status (status),
          lateral (select clock_timestamp() - make_interval(mins => (40000 - at) * 13)) as creation (created_at)`,
  `insert into contacts (id, batch_job_id, position, phone_number, contact_data, status, next_retry_at)
   select 'contact_' || at, 'batch_' || lpad((1 + at % 20000 * 2)::text, 26, '0'), 1 + at / 20000, '+12025550123', '{}',
          (array['completed', 'pending', 'queued', 'busy', 'dialing'])[1 + at % 5],
          case when at % 5 = 2 then clock_timestamp() end
     from generate_series(0, 39999) as at`,
  `insert into call_attempts (id, organization_id, batch_job_id, contact_id, attempt, claimed_at, placed_at, lease_ends_at,
                              ended_at, outcome)
   select 'call_' || lpad(at::text, 26, '0'), 'org_0', 'batch_' || lpad((1 + at % 20000 * 2)::text, 26, '0'), 'contact_' || at, 1,
          clock_timestamp() - make_interval(mins => 40000 - at), clock_timestamp(), clock_timestamp(),
          case when at % 1000 <> 0 then clock_timestamp() end, case when at % 1000 <> 0 then 'answered' end
     from generate_series(0, 39999) as at`,
  `insert into batch_job_history (batch_job_id, organization_id, action, actor, after)
   select 'batch_' || lpad((1 + at % 40000)::text, 26, '0'), 'org_0', 'rescheduled', 'test', '{}'
     from generate_series(1, 80000) as at`,
  `insert into batch_job_starts (batch_job_id, revision, trigger, started_at)
   select id, 1, 'timer', started_at from batch_jobs where started_at is not null`,
  `insert into batch_job_stale_wake_ups (batch_job_id, refused) select id, 1 from batch_jobs limit 20000`,
  `insert into idempotency_keys (organization_id, key, fingerprint, answer)
   select 'org_' || at % 10, at::text, '\\x00', '{}' from generate_series(1, 40000) as at`,
  `insert into api_keys (id, organization_id, name, hash, scopes)
   select 'key_' || at, 'org_0', 'key', decode(md5(at::text), 'hex'), '{}' from generate_series(1, 20000) as at`,
  // Of many organizations more than there ever is: small tables may be read whole, and these must not be.
  `insert into batch_job_counts (organization_id, status, created_on, batch_jobs)
   select 'other_' || at % 100, 'completed', date '2026-01-01' + at / 100, 1 from generate_series(0, 39999) as at`,
  `insert into batch_job_count_changes (organization_id, status, created_on, change)
   select 'other_' || at % 100, 'completed', date '2026-01-01', 1 from generate_series(0, 19999) as at`,
];
