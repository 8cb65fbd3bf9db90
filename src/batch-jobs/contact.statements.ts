import type { EntityManager } from 'typeorm';
import { count, integer, run, statement, text, type Statement } from '../shared/statement.js';
import type { BatchJobId } from './batch-job.entity.js';
import { RETRYABLE_STATUSES, WAITING_SQL } from './contact.status.js';

// A statement may take 5 s; one of so many contacts, with their indexes, counters or calls, takes a tenth of a second.
const CONTACTS_PER_STATEMENT = 5_000;

/** Contacts of a job in the places from `from` to `to`. */
interface Piece {
  readonly batchJobId: BatchJobId;
  readonly from: number;
  readonly to: number;
}

/** Changes a piece of a list, and tells how many contacts it changed. */
export type ContactsStatement = Statement<Piece, { readonly contacts: number }>;

/** @param also a further query of the `with`, after `changed`, which has the ids of the contacts */
const ofPiece = (change: string, also?: string): ContactsStatement =>
  statement<Piece, { readonly contacts: number }>({
    sql: `
  with changed as (${change} returning contacts.id
  )${also ? `, also as (${also}\n  )` : ''}
  select count(*)::integer as contacts from changed`,
    parameters: { batchJobId: text, from: integer, to: integer },
    columns: { contacts: integer },
  });

/** Cancels contacts that wait for a call. */
export const CANCEL_WAITING = ofPiece(`
    update contacts set status = 'cancelled', completed_at = clock_timestamp(), next_retry_at = null
     where batch_job_id = :batchJobId and position between :from and :to and status in ${WAITING_SQL}`);

const LAST_OUTCOME = '(select outcome from call_attempts where contact_id = contacts.id order by attempt desc limit 1)';

// Nobody is looked up where every outcome is retried: a million may wait.
const IS_RESTRICTED = `cardinality(job.retryable_statuses) < ${RETRYABLE_STATUSES.length}`;

/** Ends contacts that wait for a call which is no longer allowed, as their last call ended. */
export const END_EXHAUSTED = ofPiece(`
    update contacts
       set status = ${LAST_OUTCOME}, completed_at = clock_timestamp(), next_retry_at = null
      from batch_jobs as job
     where job.id = :batchJobId and batch_job_id = :batchJobId and position between :from and :to
       and contacts.status = 'queued'
       and (attempt_count >= job.max_attempts or ${IS_RESTRICTED} and ${LAST_OUTCOME} <> all (job.retryable_statuses))`);

/**
 * Deletes contacts and their calls. A call that is with the provider stays, as it holds a slot until it ends. As an array,
 * the contacts are looked up by an index; joined, PostgreSQL would read the calls of all batches each time.
 */
export const DELETE_CONTACTS = ofPiece(
  `
    delete from contacts where batch_job_id = :batchJobId and position between :from and :to`,
  `
    delete from call_attempts
     where contact_id = any (array(select id from changed)) and (ended_at is not null or placed_at is null)`,
);

export const FIND_LAST_POSITION = statement({
  sql: 'select coalesce(max(position), 0) as "lastPosition" from contacts where batch_job_id = :batchJobId',
  parameters: { batchJobId: text },
  columns: { lastPosition: integer },
});

/** The last contact of the pages before: of entries of an index, which has no rows to be fetched. */
export const FIND_PLACE = statement({
  sql: `
  select position from contacts where batch_job_id = :batchJobId and status = :status
   order by position offset :passed limit 1`,
  parameters: { batchJobId: text, status: text, passed: count },
  columns: { position: integer },
});

/**
 * Changes, or deletes, contacts of a job piece by piece, in the transaction of whoever holds the lock on its row.
 *
 * @returns how many were changed
 */
export async function changeContacts(
  manager: EntityManager,
  ofOnePiece: ContactsStatement,
  batchJobId: BatchJobId,
): Promise<number> {
  const [{ lastPosition }] = await run(manager, FIND_LAST_POSITION, { batchJobId });
  let all = 0;
  // By place: asked for the first that still wait, PostgreSQL would pass by all that were changed before, each time.
  for (let from = 1; from <= lastPosition; from += CONTACTS_PER_STATEMENT) {
    const [{ contacts }] = await run(manager, ofOnePiece, { batchJobId, from, to: from + CONTACTS_PER_STATEMENT - 1 });
    all += contacts;
  }
  return all;
}
