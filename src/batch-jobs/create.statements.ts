import { historyFacts } from './history.sql.js';

/**
 * Job and history in one statement; no row when the start is not after now.
 *
 * Parameters: $1 id, $2 organization, $3 number, $4 agent, $5 name, $6 description, $7 call limit, $8 attempts,
 * $9 late limit, $10 contacts, $11 start, $12 local time, $13 zone, $14 disambiguation, $15 version of the zone rules,
 * $16 actor, $17 request id, $18 the number itself, $19 outcomes after which somebody is called again.
 */
export const INSERT_BATCH_JOB = `
  with created as (
    insert into batch_jobs (
      id, organization_id, from_phone_number_id, from_phone_number, agent_id, name, description, concurrent_call_limit, max_attempts,
      retryable_statuses, max_late_start_minutes, total_contacts, status, schedule_revision, starts_at,
      local_start_time, timezone, disambiguation, tzdb_version)
    select $1, $2, $3, $18, $4, $5, $6, $7::integer, $8::integer, $19::text[], $9::integer, $10::integer,
           case when start is null then 'pending' else 'scheduled' end,
           case when start is null then 0 else 1 end,
           start, $12, $13, $14, $15
      from (select $11::timestamptz as start) as schedule
     where start is null or start > clock_timestamp()
    returning *
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, before, after)
    select id, organization_id, 'created', $16, $17, null, ${historyFacts('created')} from created
  )
  select id from created`;

/**
 * $1 job, $2 contacts inserted before, $3 ids of the contacts, $4 a line for each (`ContactBlock`). The bytes of the lines
 * travel as they are: nothing of them is parsed or quoted on our side.
 */
export const INSERT_CONTACTS = `
  insert into contacts (id, batch_job_id, position, phone_number, contact_data)
  select id, $1, $2::integer + place, left(line, data - 1), substr(line, data)::json
    from rows from (unnest($3::text[]), string_to_table($4::text, E'\\n')) with ordinality as list (id, line, place),
         lateral (select position('{' in line) as data) as parts`;
