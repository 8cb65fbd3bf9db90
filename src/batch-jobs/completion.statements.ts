import { listOf, statement, text } from '../shared/statement.js';
import { OPEN_SQL } from './contact.status.js';
import { historyFacts } from './history.sql.js';

/** By the counters, no contact of a running `job` is left to call. */
const IS_DONE = `(job.status = 'running' and job.total_contacts = (
       select sum(contacts) from contact_counts
        where batch_job_id = job.id and contact_counts.status not in ${OPEN_SQL}))`;

/** Batches of an organization that have no contact left to call, as it seems. */
export const LIST_DONE = statement({
  sql: `select id as "batchJobId" from batch_jobs as job where organization_id = :organizationId and ${IS_DONE}`,
  parameters: { organizationId: text },
  columns: { batchJobId: text },
});

/** In the order in which those who end calls lock them. */
export const LOCK_DONE = statement({
  sql: 'select from batch_jobs where id = any (:batchJobIds) order by id for no key update',
  parameters: { batchJobIds: listOf(text) },
  columns: {},
});

/**
 * Completes those of `LIST_DONE` that are done, once they are locked: while the lock was waited for, a report may have
 * corrected an unknown outcome, and the contact is to be called again.
 */
export const COMPLETE_BATCHES = statement({
  sql: `
  with completed as (
    update batch_jobs as job set status = 'completed', completed_at = clock_timestamp()
     where id = any (:batchJobIds) and ${IS_DONE}
    returning job.*
  ), released as (
    delete from batch_job_holds where batch_job_id in (select id from completed)
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
    select id, organization_id, 'completed', 'system', null, null,
           ${historyFacts('completed')} || '{"status": "running"}', ${historyFacts('completed')} from completed
  )
  select id as "batchJobId" from completed`,
  parameters: { batchJobIds: listOf(text) },
  columns: { batchJobId: text },
});

/** Fails a running batch; its waiting contacts are cancelled by `CANCEL_WAITING`. */
export const FAIL_BATCH = statement({
  sql: `
  with failed as (
    update batch_jobs as job set status = 'failed', completed_at = clock_timestamp(), failure_reason = :reason
     where job.id = :batchJobId and job.status = 'running'
    returning job.*
  ), released as (
    delete from batch_job_holds where batch_job_id in (select id from failed)
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
    select id, organization_id, 'failed', 'system', null, :reason,
           ${historyFacts('failed')} || '{"status": "running"}', ${historyFacts('failed')} from failed
  )
  select id as "batchJobId" from failed`,
  parameters: { batchJobId: text, reason: text },
  columns: { batchJobId: text },
});
