import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../shared/caller.js';
import { Database } from '../shared/database.js';
import { Gathered } from '../shared/gathered.js';
import { Idempotency } from '../shared/idempotency.js';
import { run } from '../shared/statement.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { BatchJobStatus } from './batch-job.status.js';
import type { ChangeTerms } from './change-terms.js';
import {
  LOCK_BATCH_JOB,
  type ConditionalStatement,
  type GatheredParameters,
  type GatheredStatement,
  type OrderParameters,
  type Refusal,
  type StatementRow,
} from './conditional.statement.js';
import { changeContacts, type ContactsStatement } from './contact.statements.js';
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
  /** The schedule that the change ended. Null when it ended none. */
  readonly ended: ScheduledStart | null;
  /** The schedule that the change brought. Null when it brought none. */
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

/** A change that a condition refused; all is told as it was met, with the row locked: it is the reason, not a later look. */
export interface Refused<Own extends string = never> {
  readonly outcome: 'refused';
  readonly refusal: Refusal<Own>;
  readonly status: BatchJobStatus;
  readonly entityTag: EntityTag;
}

export type ChangeResult<Own extends string = never> = Changed | { readonly outcome: 'not_found' } | Refused<Own>;

/** Who wants which job changed, and how. */
export interface ChangeOrder {
  readonly caller: Caller;
  readonly batchJobId: BatchJobId;
  readonly terms?: ChangeTerms;
  /** What the service returns if it gets no further than the commit: see `Idempotency.once`. */
  readonly answerOf?: (changed: Changed) => unknown;
}

/** A change that was made to be asked for by many. */
export type GatheredChange<Parameters extends object, Own extends string> = (
  order: ChangeOrder,
  own: Parameters,
) => Promise<ChangeResult<Own>>;

/** Makes the changes that people ask for: each if, and only if, the job's state and their terms allow it. */
@Injectable()
export class BatchJobChanges {
  constructor(
    private readonly idempotency: Idempotency,
    private readonly database: Database,
  ) {}

  /**
   * @param allowed statuses in which the job may be
   * @param own the statement's own parameters
   */
  make<Parameters extends object, Own extends string>(
    statement: ConditionalStatement<Parameters, Own>,
    allowed: readonly BatchJobStatus[],
    order: ChangeOrder,
    own: Parameters,
  ): Promise<ChangeResult<Own>> {
    return this.carryOut(order, (manager) => run(manager, statement, parametersOf(order, allowed, own)));
  }

  /**
   * The same for a change that many ask for at one time: those without terms that only one statement can judge share a
   * commit. None of them is refused, delayed or failed by another.
   */
  gather<Parameters extends object, Own extends string>(
    one: ConditionalStatement<Parameters, Own>,
    many: GatheredStatement<Parameters, Own>,
    allowed: readonly BatchJobStatus[],
  ): GatheredChange<Parameters, Own> {
    type Row = StatementRow<Own> | undefined;
    const gathered = new Gathered<OrderParameters & Parameters, Row>(
      ({ batchJobId }) => batchJobId,
      async (order) => (await this.database.run(one, order))[0],
      async (orders) => {
        const rows = await this.database.run(many, listsOf(many, allowed, orders));
        const found = new Map(rows.map((row) => [row.batchJobId, row]));
        return orders.map(({ batchJobId }) => found.get(batchJobId) ?? null);
      },
    );
    return async (order, own) => {
      if (order.caller.idempotent || order.terms?.ifMatch) return this.make(one, allowed, order, own);
      const row = await gathered.do(parametersOf(order, allowed, own));
      return row ? toResult(order.batchJobId, row) : { outcome: 'not_found' };
    };
  }

  /**
   * The same for a change that looks at calls or contacts as well. It begins when the job's row is locked: begun before, it
   * would not see a call that was placed, or that ended, while it waited for the lock.
   *
   * @param contacts what becomes of them. Null: nothing
   */
  makeWithContacts<Parameters extends object, Own extends string>(
    statement: ConditionalStatement<Parameters, Own>,
    contacts: ContactsStatement | null,
    allowed: readonly BatchJobStatus[],
    order: ChangeOrder,
    own: Parameters,
  ): Promise<ChangeResult<Own>> {
    const { batchJobId, caller } = order;
    return this.carryOut(order, (manager) =>
      manager.transaction(async (transaction) => {
        await run(transaction, LOCK_BATCH_JOB, { batchJobId, organizationId: caller.organizationId });
        const rows = await run(transaction, statement, parametersOf(order, allowed, own));
        if (contacts === null || !rows[0]?.changed) return rows;
        const changed = await changeContacts(transaction, contacts, batchJobId);
        return [{ ...rows[0], contacts: rows[0].contacts + changed }];
      }),
    );
  }

  private carryOut<Own extends string>(
    { caller, batchJobId, answerOf = () => null }: ChangeOrder,
    ask: (manager: EntityManager) => Promise<StatementRow<Own>[]>,
  ): Promise<ChangeResult<Own>> {
    return this.idempotency.once(
      caller,
      async (manager): Promise<ChangeResult<Own>> => {
        const [row] = await ask(manager);
        return row ? toResult(batchJobId, row) : { outcome: 'not_found' };
      },
      (result) => (result.outcome === 'changed' ? answerOf(result) : null),
    );
  }
}

/** Each parameter of many orders as a list. */
const listsOf = <Parameters extends object, Own extends string>(
  { definition }: GatheredStatement<Parameters, Own>,
  allowed: readonly BatchJobStatus[],
  orders: readonly (OrderParameters & Parameters)[],
): GatheredParameters<Parameters> => {
  const names = Object.keys(definition.parameters) as (keyof (OrderParameters & Parameters))[];
  const lists = Object.fromEntries(names.map((name) => [name, orders.map((order) => order[name])]));
  return { ...lists, allowed } as GatheredParameters<Parameters>;
};

const parametersOf = <Parameters extends object>(
  { caller, batchJobId, terms = {} }: ChangeOrder,
  allowed: readonly BatchJobStatus[],
  own: Parameters,
): OrderParameters & Parameters => {
  const { organizationId, actor, requestId } = caller;
  const { reason = null, ifMatch = null } = terms;
  return { batchJobId, organizationId, allowed, actor, requestId, reason, ifMatch, ...own };
};

const toResult = <Own extends string>(batchJobId: BatchJobId, row: StatementRow<Own>): Changed | Refused<Own> => {
  const { refusal, statusBefore, startedAt, contacts, details, entityTag } = row;
  if (refusal !== null) return { outcome: 'refused', refusal, status: statusBefore, entityTag };

  const isSameSchedule = row.statusAfter === statusBefore && row.revisionAfter === row.revisionBefore;
  const start = (status: BatchJobStatus | null, revision: number | null, startsAt: Date | null) =>
    status === 'scheduled' && revision !== null && startsAt && !isSameSchedule
      ? { batchJobId, revision, startsAt }
      : null;
  return {
    outcome: 'changed',
    statusBefore,
    ended: start(statusBefore, row.revisionBefore, row.startsAtBefore),
    scheduled: start(row.statusAfter, row.revisionAfter, row.startsAtAfter),
    startedAt,
    contacts,
    details,
    entityTag,
  };
};
