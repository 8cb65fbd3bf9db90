import { integer, listOf, statement, text, timestamp, utf8 } from '../shared/statement.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { RetryableStatus } from './contact.status.js';
import { historyFacts } from './history.sql.js';
import type { Disambiguation } from './schedule.js';

interface InsertParameters {
  readonly batchJobId: BatchJobId;
  readonly organizationId: string;
  readonly fromPhoneNumberId: string;
  /** E.164. Null when only its id is known. */
  readonly fromPhoneNumber: string | null;
  readonly agentId: string;
  readonly name: string;
  readonly description: string | null;
  readonly concurrentCallLimit: number;
  readonly maxAttempts: number;
  readonly retryableStatuses: readonly RetryableStatus[];
  /** Null: as `MAX_LATE_START_MINUTES` says. */
  readonly maxLateStartMinutes: number | null;
  readonly totalContacts: number;
  /** Null, with all that follow: it waits until it is started or scheduled. */
  readonly startsAt: Date | null;
  readonly localTime: string | null;
  readonly timezone: string | null;
  readonly disambiguation: Disambiguation | null;
  readonly tzdbVersion: string | null;
  readonly actor: string;
  readonly requestId: string | null;
}

/**
 * Job and history in one statement; no row when the start is not after now.
 */
export const INSERT_BATCH_JOB = statement<InsertParameters, { readonly id: BatchJobId }>({
  sql: `
  with created as (
    insert into batch_jobs (
      id, organization_id, from_phone_number_id, from_phone_number, agent_id, name, description, concurrent_call_limit, max_attempts,
      retryable_statuses, max_late_start_minutes, total_contacts, status, schedule_revision, starts_at,
      local_start_time, timezone, disambiguation, tzdb_version)
    select :batchJobId, :organizationId, :fromPhoneNumberId, :fromPhoneNumber, :agentId, :name, :description, :concurrentCallLimit::integer, :maxAttempts::integer, :retryableStatuses::text[], :maxLateStartMinutes::integer, :totalContacts::integer,
           case when start is null then 'pending' else 'scheduled' end,
           case when start is null then 0 else 1 end,
           start, :localTime, :timezone, :disambiguation, :tzdbVersion
      from (select :startsAt::timestamptz as start) as schedule
     where start is null or start > clock_timestamp()
    returning *
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, before, after)
    select id, organization_id, 'created', :actor, :requestId, null, ${historyFacts('created')} from created
  )
  select id from created`,
  parameters: {
    batchJobId: text,
    organizationId: text,
    fromPhoneNumberId: text,
    agentId: text,
    name: text,
    description: text,
    concurrentCallLimit: integer,
    maxAttempts: integer,
    maxLateStartMinutes: integer,
    totalContacts: integer,
    startsAt: timestamp,
    localTime: text,
    timezone: text,
    disambiguation: text,
    tzdbVersion: text,
    actor: text,
    requestId: text,
    fromPhoneNumber: text,
    retryableStatuses: listOf(text),
  },
  columns: { id: text },
});

/**
 * Contacts that follow those `inserted` before, with a line for each (`ContactBlock`). The bytes of the lines travel as
 * they are: nothing of them is parsed or quoted on our side.
 */
export const INSERT_CONTACTS = statement({
  sql: `
  insert into contacts (id, batch_job_id, position, phone_number, contact_data)
  select id, :batchJobId, :inserted::integer + place, left(line, data - 1), substr(line, data)::json
    from rows from (unnest(:contactIds::text[]), string_to_table(:lines::text, E'\\n')) with ordinality as list (id, line, place),
         lateral (select position('{' in line) as data) as parts`,
  parameters: { batchJobId: text, inserted: integer, contactIds: listOf(text), lines: utf8 },
  columns: {},
});
