import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../shared/caller.js';
import { Idempotency } from '../shared/idempotency.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { BatchJobStatus } from './batch-job.status.js';
import type { ChangeTerms } from './change-terms.js';
import { changeContacts } from './contact.statements.js';
import { LOCK_BATCH_JOB, type StatementRow } from './conditional.statement.js';
import type { EntityTag } from './entity-tag.js';

/** A batch job as one of its schedules: what a wake-up in the queue stands for. */
export interface ScheduledStart {
  readonly batchJobId: BatchJobId;
  readonly revision: number;
  readonly startsAt: Date;
}

/** A change that was made. */
export interface Changed {
  readonly outcome: 'changed';
  readonly statusBefore: BatchJobStatus;
  /** The schedule that the change ended. Null when there was none. */
  readonly ended: ScheduledStart | null;
  /** The schedule now in force. Null unless it is scheduled. */
  readonly scheduled: ScheduledStart | null;
  /** Null until started. */
  readonly startedAt: Date | null;
  /** Contacts taken back by a cancel, released by a start, or deleted. */
  readonly contacts: number;
  /** What the verb gives back beyond that. Null for most. */
  readonly details: object | null;
  /** Of the job as it is from now on. */
  readonly entityTag: EntityTag;
}

/**
 * `refused` names the status that was met, with the row locked: it is the reason, not a later look. `unwanted`: all was
 * well but the caller's own terms, as the job has another tag than they asked for.
 */
export type ChangeResult =
  | Changed
  | { readonly outcome: 'not_found' }
  | { readonly outcome: 'refused'; readonly status: BatchJobStatus }
  | { readonly outcome: 'unwanted'; readonly entityTag: EntityTag };

/** Who wants which job changed, and how. */
export interface ChangeOrder {
  readonly caller: Caller;
  readonly batchJobId: BatchJobId;
  readonly terms?: ChangeTerms;
  /** What the service returns if it gets no further than the commit: see `Idempotency.once`. */
  readonly answerOf?: (changed: Changed) => unknown;
}

/** Makes the changes that people ask for: each if, and only if, the job's state and their terms allow it. */
@Injectable()
export class BatchJobChanges {
  constructor(private readonly idempotency: Idempotency) {}

  /**
   * @param statement made by `conditionally`
   * @param allowed statuses in which the job may be
   * @param own the statement's parameters from $8 on
   */
  make(
    statement: string,
    allowed: readonly BatchJobStatus[],
    order: ChangeOrder,
    own: readonly unknown[],
  ): Promise<ChangeResult> {
    return this.carryOut(order, allowed, own, (manager, parameters) => manager.query(statement, parameters));
  }

  /**
   * The same for a change that looks at calls or contacts as well. It begins when the job's row is locked: begun before, it
   * would not see a call that was placed, or that ended, while it waited for the lock.
   *
   * @param contacts a statement of `contact.statements.ts`, for what becomes of them. Null: nothing
   */
  makeWithContacts(
    statement: string,
    contacts: string | null,
    allowed: readonly BatchJobStatus[],
    order: ChangeOrder,
    own: readonly unknown[],
  ): Promise<ChangeResult> {
    return this.carryOut(order, allowed, own, (manager, parameters) =>
      manager.transaction(async (transaction) => {
        await transaction.query(LOCK_BATCH_JOB, [order.batchJobId]);
        const rows = await transaction.query<StatementRow[]>(statement, parameters);
        if (contacts === null || !rows[0]?.changed) return rows;
        return [{ ...rows[0], contacts: await changeContacts(transaction, contacts, order.batchJobId) }];
      }),
    );
  }

  private carryOut(
    { caller, batchJobId, terms = {}, answerOf = () => null }: ChangeOrder,
    allowed: readonly BatchJobStatus[],
    own: readonly unknown[],
    ask: (manager: EntityManager, parameters: unknown[]) => Promise<StatementRow[]>,
  ): Promise<ChangeResult> {
    const { organizationId, actor, requestId } = caller;
    const { reason = null, ifMatch = null } = terms;
    const parameters = [batchJobId, organizationId, allowed, actor, requestId, reason, ifMatch, ...own];
    return this.idempotency.once(
      caller,
      async (manager): Promise<ChangeResult> => {
        const [row] = await ask(manager, parameters);
        return row ? toResult(batchJobId, row, allowed) : { outcome: 'not_found' };
      },
      (result) => (result.outcome === 'changed' ? answerOf(result) : null),
    );
  }
}

/** A precondition is looked at last: it is no reason for what would have been refused without it (RFC 9110, 13.2.1). */
const toResult = (batchJobId: BatchJobId, row: StatementRow, allowed: readonly BatchJobStatus[]): ChangeResult => {
  const { changed, fits, isWanted, statusBefore, startedAt, contacts, entityTag } = row;
  if (!changed && allowed.includes(statusBefore) && fits && !isWanted) return { outcome: 'unwanted', entityTag };
  if (!changed) return { outcome: 'refused', status: statusBefore };

  const start = (status: BatchJobStatus | null, revision: number | null, startsAt: Date | null) =>
    status === 'scheduled' && revision !== null && startsAt ? { batchJobId, revision, startsAt } : null;
  return {
    outcome: 'changed',
    statusBefore,
    ended: start(statusBefore, row.revisionBefore, row.startsAtBefore),
    scheduled: start(row.statusAfter, row.revisionAfter, row.startsAtAfter),
    startedAt,
    contacts,
    details: row.details,
    entityTag,
  };
};
