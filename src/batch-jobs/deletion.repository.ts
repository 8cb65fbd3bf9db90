import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Idempotency } from '../shared/idempotency.js';
import { DELETABLE, type BatchJobStatus } from './batch-job.status.js';
import { entityTagSql, type EntityTag } from './entity-tag.js';
import { historyFacts } from './history.sql.js';
import type { ChangeOrder, ChangeResult } from './batch-job.changes.js';

// Deleting 5,000 contacts with their calls takes a tenth of a second, of the 5 s that one statement may take.
const CONTACTS_PER_DELETE = 5_000;

interface LockedRow {
  readonly status: BatchJobStatus;
  readonly revision: number;
  readonly startsAt: Date | null;
  readonly startedAt: Date | null;
  readonly lastPosition: number;
  readonly entityTag: EntityTag;
  readonly isWanted: boolean;
}

/** $1 job, $2 organization, $3 entity tags wanted (null: any). */
const LOCK = `
  select job.status, job.schedule_revision as revision, job.starts_at as "startsAt", job.started_at as "startedAt",
         ${entityTagSql('job')} as "entityTag", ($3::text[] is null or ${entityTagSql('job')} = any ($3)) as "isWanted",
         coalesce((select max(position) from contacts where batch_job_id = job.id), 0) as "lastPosition"
    from batch_jobs as job where job.id = $1 and job.organization_id = $2 for update of job`;

/**
 * Contacts in places $2 (excluded) to $3 of job $1, and their calls. A call that is with the provider stays, as it holds a
 * slot until it ends. As an array, the contacts are looked up by an index; joined, PostgreSQL would read the calls of all
 * batches each time.
 */
const DELETE_CONTACTS = `
  with piece as (
    delete from contacts where batch_job_id = $1 and position > $2 and position <= $3 returning id
  ), calls as (
    delete from call_attempts
     where contact_id = any (array(select id from piece)) and (ended_at is not null or placed_at is null)
  )
  select count(*)::integer as contacts from piece`;

/** $1 job, $2 actor, $3 request id, $4 reason. The history says what the job was last, before and after. */
const DELETE_JOB = `
  with gone as (
    delete from batch_jobs where id = $1 returning *
  )
  insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
  select id, organization_id, 'deleted', $2, $3, $4::text, ${historyFacts('gone')}, ${historyFacts('gone')} from gone`;

/** Deletes batch jobs. The start ledger and the history stay. */
@Injectable()
export class DeletionRepository {
  constructor(private readonly idempotency: Idempotency) {}

  /**
   * Deletes a job that does not run, its contacts and their calls, or nothing.
   *
   * One transaction, and in it one statement for every 5,000 contacts: each stays far below the limit for statements,
   * and readers see the job whole until it is gone. The row stays locked meanwhile, seconds for a million contacts.
   */
  delete(order: ChangeOrder): Promise<ChangeResult> {
    const { caller, answerOf = () => null } = order;
    return this.idempotency.once(
      caller,
      (manager) => manager.transaction((transaction) => remove(transaction, order)),
      (result) => (result.outcome === 'changed' ? answerOf(result) : null),
    );
  }
}

async function remove(manager: EntityManager, { caller, batchJobId, terms = {} }: ChangeOrder): Promise<ChangeResult> {
  const { reason = null, ifMatch = null } = terms;
  const [job] = await manager.query<LockedRow[]>(LOCK, [batchJobId, caller.organizationId, ifMatch]);
  if (!job) return { outcome: 'not_found' };
  const { status, revision, startsAt, startedAt, entityTag } = job;
  if (!DELETABLE.includes(status)) return { outcome: 'refused', status };
  if (!job.isWanted) return { outcome: 'unwanted', entityTag };

  let contacts = 0;
  for (let from = 0; from < job.lastPosition; from += CONTACTS_PER_DELETE) {
    const parameters = [batchJobId, from, from + CONTACTS_PER_DELETE];
    const [piece] = await manager.query<[{ contacts: number }]>(DELETE_CONTACTS, parameters);
    contacts += piece.contacts;
  }
  await manager.query(DELETE_JOB, [batchJobId, caller.actor, caller.requestId, reason]);
  const ended = status === 'scheduled' && startsAt ? { batchJobId, revision, startsAt } : null;
  return {
    outcome: 'changed',
    statusBefore: status,
    ended,
    scheduled: null,
    startedAt,
    contacts,
    details: null,
    entityTag,
  };
}
