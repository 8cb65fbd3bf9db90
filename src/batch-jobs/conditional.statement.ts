import {
  integer,
  jsonb,
  listOf,
  statement,
  text,
  timestamp,
  boolean,
  PARAMETER,
  type Shape,
  type SqlType,
  type Statement,
} from '../shared/statement.js';
import type { HistoryAction } from './batch-job-history.entity.js';
import type { BatchJobStatus } from './batch-job.status.js';
import { entityTagSql, type EntityTag } from './entity-tag.js';
import { historyFacts } from './history.sql.js';

/** Which condition of a change did not hold: the job's status, one of the verb's own, or the caller's entity tags. */
export type Refusal<Own extends string = never> = 'status' | Own | 'entity_tag';

/** What a conditional statement did, and what it met. */
export interface StatementRow<Own extends string = never> {
  readonly batchJobId: string;
  readonly changed: boolean;
  /** The first condition that did not hold. Null: it was changed. */
  readonly refusal: Refusal<Own> | null;
  /** As changed, or else as it was met. */
  readonly entityTag: EntityTag;
  readonly statusBefore: BatchJobStatus;
  readonly statusAfter: BatchJobStatus | null;
  readonly revisionBefore: number;
  readonly revisionAfter: number | null;
  readonly startsAtBefore: Date | null;
  readonly startsAtAfter: Date | null;
  readonly startedAt: Date | null;
  readonly contacts: number;
  /** What the verb gives back beyond that. */
  readonly details: object | null;
}

const COLUMNS: Shape<StatementRow<string>> = {
  batchJobId: text,
  changed: boolean,
  refusal: text,
  entityTag: text,
  statusBefore: text,
  statusAfter: text,
  revisionBefore: integer,
  revisionAfter: integer,
  startsAtBefore: timestamp,
  startsAtAfter: timestamp,
  startedAt: timestamp,
  contacts: integer,
  details: jsonb,
};

/** Who wants which job changed. */
export interface OrderParameters {
  readonly batchJobId: string;
  readonly organizationId: string;
  /** Statuses in which the job may be. */
  readonly allowed: readonly BatchJobStatus[];
  readonly actor: string;
  readonly requestId: string | null;
  readonly reason: string | null;
  /** Tags of which the job must have one. Null: any. */
  readonly ifMatch: readonly EntityTag[] | null;
}

/** Those that differ from order to order. */
const OF_ORDER: Shape<Omit<OrderParameters, 'allowed' | 'ifMatch'>> = {
  batchJobId: text,
  organizationId: text,
  actor: text,
  requestId: text,
  reason: text,
};

const PARAMETERS: Shape<OrderParameters> = { ...OF_ORDER, allowed: listOf(text), ifMatch: listOf(text) };

/** What is read after it is as the last holder of the lock left it. Nobody waits for a job of somebody else. */
export const LOCK_BATCH_JOB = statement({
  sql: 'select from batch_jobs where id = :batchJobId and organization_id = :organizationId for no key update',
  parameters: { batchJobId: text, organizationId: text },
  columns: {},
});

/** As `also`: the job is no longer held (`batch_job_holds`). */
export const END_HOLD = 'delete from batch_job_holds where batch_job_id in (select id from changed)';

/**
 * SQL that names the first condition which does not hold of a locked row; null when all do. A precondition is looked at
 * last: it is no reason for what would have been refused without it (RFC 9110, 13.2.1).
 *
 * @param onlyIf the verb's own conditions, as SQL, by their codes
 */
export const refusalOf = (row: string, onlyIf: Readonly<Record<string, string>>): string => `case
      when ${row}.status <> all (:allowed) then 'status'
      ${Object.entries(onlyIf)
        .map(([code, condition]) => `when (${condition}) is not true then '${code}'`)
        .join('\n      ')}
      when ${entityTagSql(row)} <> all (:ifMatch) then 'entity_tag'
    end`;

/** What one verb does to a job, and when. */
export interface ConditionalChange<Parameters, Own extends string> {
  readonly action: HistoryAction;
  readonly set: string;
  /** The verb's own conditions, as SQL, by the codes under which they refuse. */
  readonly onlyIf: Readonly<Record<Own, string>>;
  /** The verb's own, beside `OrderParameters`. */
  readonly parameters: Shape<Parameters>;
  /** A further statement on the changed row, as a `with` query named `also`. */
  readonly also?: string;
  /** A number worth returning, computed after the change. @default '0' */
  readonly contacts?: string;
  /** JSON worth returning; `changed` is the row as it is now. @default null */
  readonly details?: string;
  /** SQL of what the history keeps of a row. @default `historyFacts` */
  readonly factsOf?: (row: string) => string;
}

/** A statement made by `conditionally`. */
export type ConditionalStatement<Parameters extends object, Own extends string> = Statement<
  OrderParameters & Parameters,
  StatementRow<Own>
>;

/** What becomes of `met`, a query of the rows that are to be changed, locked. */
const changing = <Parameters extends object, Own extends string>({
  action,
  set,
  onlyIf,
  also,
  contacts = '0',
  details = 'null::jsonb',
  factsOf = historyFacts,
}: ConditionalChange<Parameters, Own>): string => `old as materialized (
    select met.*, ${refusalOf('met', onlyIf)} as refusal from met
  ), changed as (
    update batch_jobs as job set ${set}
      from old where job.id = old.id and old.refusal is null
    returning job.*
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
    select changed.id, changed.organization_id, '${action}', :actor, :requestId, :reason::text, ${factsOf('old')}, ${factsOf('changed')}
      from changed join old using (id)
  )${also ? `, also as (${also})` : ''}
  select old.id as "batchJobId", changed.id is not null as changed, old.refusal,
         case when changed.id is null then ${entityTagSql('old')} else ${entityTagSql('changed')} end as "entityTag",
         old.status as "statusBefore", changed.status as "statusAfter",
         old.schedule_revision as "revisionBefore", changed.schedule_revision as "revisionAfter",
         old.starts_at as "startsAtBefore", changed.starts_at as "startsAtAfter",
         changed.started_at as "startedAt", (${contacts})::integer as contacts,
         ${details} as details
    from old left join changed using (id)`;

/**
 * One statement, one round trip: lock the row, change it if its status, `onlyIf` and the caller's terms allow, write the
 * history.
 *
 * The lock settles every race: of two rivals the second sees what the first committed. Each condition is judged once, under
 * it. No row comes back for an unknown job; a row that is not `changed` says what refused.
 */
export const conditionally = <Parameters extends object, Own extends string>(
  change: ConditionalChange<Parameters, Own>,
): ConditionalStatement<Parameters, Own> =>
  statement<OrderParameters & Parameters, StatementRow<Own>>({
    sql: `
  with met as (
    select * from batch_jobs where id = :batchJobId and organization_id = :organizationId for no key update
  ), ${changing(change)}`,
    parameters: { ...PARAMETERS, ...change.parameters } as Shape<OrderParameters & Parameters>,
    columns: COLUMNS,
  });

/** The orders of a gathered statement, each parameter a list in their order. Only the statuses are those of all. */
export type GatheredParameters<Parameters> = Pick<OrderParameters, 'allowed'> & {
  readonly [Name in Exclude<keyof (OrderParameters & Parameters), 'allowed' | 'ifMatch'>]: readonly (OrderParameters &
    Parameters)[Name][];
};

/** A statement made by `gathered`. */
export type GatheredStatement<Parameters extends object, Own extends string> = Statement<
  GatheredParameters<Parameters>,
  StatementRow<Own>
>;

/**
 * The same for the orders of many, each on a job of its own and without entity tags. No row comes back for an unknown job,
 * nor for one whose row somebody has locked: nobody waits here.
 */
export const gathered = <Parameters extends object, Own extends string>(
  change: ConditionalChange<Parameters, Own>,
): GatheredStatement<Parameters, Own> => {
  const each: Readonly<Record<string, SqlType<unknown>>> = { ...OF_ORDER, ...(change.parameters as object) };
  const names = Object.keys(each);
  const asked = (name: string): string => `"asked.${name}"`;
  const ofEach = changing(change)
    .replaceAll(':ifMatch', 'null::text[]')
    .replaceAll(PARAMETER, (found, name: string) => (name in each ? asked(name) : found));
  return statement<GatheredParameters<Parameters>, StatementRow<Own>>({
    sql: `
  with met as (
    select job.*, asked.*
      from unnest(${names.map((name) => `:${name}::${each[name].name}[]`).join(', ')}) as asked (${names.map(asked).join(', ')})
      join batch_jobs as job on job.id = ${asked('batchJobId')} and job.organization_id = ${asked('organizationId')}
       for no key update of job skip locked
  ), ${ofEach}`,
    parameters: {
      allowed: PARAMETERS.allowed,
      ...Object.fromEntries(names.map((name) => [name, listOf(each[name])])),
    } as unknown as Shape<GatheredParameters<Parameters>>,
    columns: COLUMNS,
  });
};
