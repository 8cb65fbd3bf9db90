import type { EntityManager } from 'typeorm';
import { RETRYABLE_STATUSES } from './contact.status.js';

// A statement may take 5 s; one of so many contacts, with their indexes and counters, takes a tenth of a second.
const CONTACTS_PER_STATEMENT = 5_000;

/** Cancels contacts that wait for a call, of job $1 in the places from $2 to $3. */
export const CANCEL_WAITING = `
  with changed as (
    update contacts set status = 'cancelled', completed_at = clock_timestamp(), next_retry_at = null
     where batch_job_id = $1 and position between $2 and $3 and status in ('pending', 'queued') returning 1
  )
  select count(*)::integer as contacts from changed`;

const LAST_OUTCOME = '(select outcome from call_attempts where contact_id = contacts.id order by attempt desc limit 1)';

// Nobody is looked up where every outcome is retried: a million may wait.
const IS_RESTRICTED = `cardinality(job.retryable_statuses) < ${RETRYABLE_STATUSES.length}`;

/** Ends contacts that wait for a call which is no longer allowed, as their last call ended: job $1, places from $2 to $3. */
export const END_EXHAUSTED = `
  with changed as (
    update contacts
       set status = ${LAST_OUTCOME}, completed_at = clock_timestamp(), next_retry_at = null
      from batch_jobs as job
     where job.id = $1 and batch_job_id = $1 and position between $2 and $3
       and contacts.status = 'queued'
       and (attempt_count >= job.max_attempts or ${IS_RESTRICTED} and ${LAST_OUTCOME} <> all (job.retryable_statuses))
    returning 1
  )
  select count(*)::integer as contacts from changed`;

/**
 * Changes contacts of a job piece by piece, in the transaction of whoever holds the lock on its row.
 *
 * @param statement one of the above
 * @returns how many were changed
 */
export async function changeContacts(manager: EntityManager, statement: string, batchJobId: string): Promise<number> {
  const [{ last }] = await manager.query<[{ last: number }]>(
    'select coalesce(max(position), 0) as last from contacts where batch_job_id = $1',
    [batchJobId],
  );
  let all = 0;
  // By place: asked for the first that still wait, PostgreSQL would pass by all that were changed before, each time.
  for (let from = 1; from <= last; from += CONTACTS_PER_STATEMENT) {
    const places = [batchJobId, from, from + CONTACTS_PER_STATEMENT - 1];
    const [{ contacts }] = await manager.query<[{ contacts: number }]>(statement, places);
    all += contacts;
  }
  return all;
}
