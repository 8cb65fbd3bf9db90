import type { EntityManager } from 'typeorm';

// A statement may take 5 s; one of so many contacts, with their indexes and counters, takes a tenth of a second.
const CONTACTS_PER_STATEMENT = 5_000;

/** Cancels contacts that wait for a call: $1 job, $2 most at once. */
export const CANCEL_WAITING = `
  with piece as (
    select id from contacts where batch_job_id = $1 and status in ('pending', 'queued') limit $2
  ), changed as (
    update contacts set status = 'cancelled', completed_at = clock_timestamp(), next_retry_at = null
      from piece where contacts.id = piece.id returning 1
  )
  select count(*)::integer as contacts from changed`;

/** Ends contacts that wait for a call which is no longer allowed, as their last call ended: $1 job, $2 most at once. */
export const END_EXHAUSTED = `
  with piece as (
    select contacts.id from contacts join batch_jobs as job on job.id = contacts.batch_job_id
     where batch_job_id = $1 and contacts.status = 'queued' and attempt_count >= job.max_attempts limit $2
  ), changed as (
    update contacts
       set status = (select outcome from call_attempts where contact_id = contacts.id order by attempt desc limit 1),
           completed_at = clock_timestamp(), next_retry_at = null
      from piece where contacts.id = piece.id returning 1
  )
  select count(*)::integer as contacts from changed`;

/**
 * Changes contacts of a job piece by piece, in the transaction of whoever holds the lock on its row.
 *
 * @param statement one of the above
 * @returns how many were changed
 */
export async function changeContacts(manager: EntityManager, statement: string, batchJobId: string): Promise<number> {
  let all = 0;
  for (;;) {
    const [{ contacts }] = await manager.query<[{ contacts: number }]>(statement, [batchJobId, CONTACTS_PER_STATEMENT]);
    all += contacts;
    if (contacts < CONTACTS_PER_STATEMENT) return all;
  }
}
