import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Idempotency } from '../shared/idempotency.js';
import { run } from '../shared/statement.js';
import type { ChangeOrder, ChangeResult } from './batch-job.changes.js';
import { ALLOWED } from './batch-job.status.js';
import { changeContacts, DELETE_CONTACTS } from './contact.statements.js';
import { DELETE_JOB, LOCK_TO_DELETE } from './deletion.statements.js';

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
  const { organizationId, actor, requestId } = caller;
  const { reason = null, ifMatch = null } = terms;
  const [job] = await run(manager, LOCK_TO_DELETE, { batchJobId, organizationId, allowed: ALLOWED.delete, ifMatch });
  if (!job) return { outcome: 'not_found' };
  const { refusal, status, revision, startsAt, startedAt, entityTag } = job;
  if (refusal !== null) return { outcome: 'refused', refusal, status, entityTag };

  const contacts = await changeContacts(manager, DELETE_CONTACTS, batchJobId);
  await run(manager, DELETE_JOB, { batchJobId, actor, requestId, reason });
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
