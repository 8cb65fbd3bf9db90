import { statement, text } from '../shared/statement.js';
import { OPEN_SQL } from './contact.status.js';
import { historyFacts } from './history.sql.js';

/** Batches of an organization that have no contact left to call. By the counters: an ended contact stays ended. */
export const COMPLETE_BATCHES = statement({
  sql: `
  with done as (
    select job.id from batch_jobs as job
     where job.organization_id = :organizationId and job.status = 'running' and job.total_contacts = (
       select sum(contacts) from contact_counts
        where batch_job_id = job.id and contact_counts.status not in ${OPEN_SQL})
     order by job.id for no key update
  ), completed as (
    update batch_jobs as job set status = 'completed', completed_at = clock_timestamp()
      from done where job.id = done.id and job.status = 'running'
    returning job.*
  ), released as (
    delete from batch_job_holds where batch_job_id in (select id from completed)
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
    select id, organization_id, 'completed', 'system', null, null,
           ${historyFacts('completed')} || '{"status": "running"}', ${historyFacts('completed')} from completed
  )
  select id as "batchJobId" from completed`,
  parameters: { organizationId: text },
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
