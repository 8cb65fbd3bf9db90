import type { HistoryAction } from './batch-job-history.entity.js';
import type { BatchJobStatus } from './batch-job.status.js';
import { entityTagSql, type EntityTag } from './entity-tag.js';
import { historyFacts } from './history.sql.js';

/** What a conditional statement did, and what it met. */
export interface StatementRow {
  readonly changed: boolean;
  /** Whether the verb's own condition held. */
  readonly fits: boolean;
  /** Whether the caller wanted the job as it was met. */
  readonly isWanted: boolean;
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

/** $1 job. What is read after it is as the last holder of the lock left it. */
export const LOCK_BATCH_JOB = 'select from batch_jobs where id = $1 for no key update';

/** As `also`: the job is no longer held (`batch_job_holds`). */
export const END_HOLD = 'delete from batch_job_holds where batch_job_id in (select id from changed)';

const WANTED = `($7::text[] is null or ${entityTagSql('old')} = any ($7))`;

interface ConditionalChange {
  readonly action: HistoryAction;
  readonly set: string;
  /** Beyond the status; `old` is the locked row. @default 'true' */
  readonly onlyIf?: string;
  /** A further statement on the changed row, as a `with` query named `also`. */
  readonly also?: string;
  /** A number worth returning, computed after the change. @default '0' */
  readonly contacts?: string;
  /** JSON worth returning; `changed` is the row as it is now. @default null */
  readonly details?: string;
  /** SQL of what the history keeps of a row. @default `historyFacts` */
  readonly factsOf?: (row: string) => string;
}

/**
 * One statement, one round trip: lock the row, change it if its status, `onlyIf` and the caller's terms allow, write the
 * history.
 *
 * The lock settles every race: of two rivals the second sees what the first committed. No row comes back for an unknown
 * job; a row that is not `changed` says what refused.
 *
 * Parameters: $1 job, $2 organization, $3 statuses allowed, $4 actor, $5 request id, $6 reason, $7 entity tags wanted
 * (null: any), then the verb's own.
 */
export const conditionally = ({
  action,
  set,
  onlyIf = 'true',
  also,
  contacts = '0',
  details = 'null::jsonb',
  factsOf = historyFacts,
}: ConditionalChange): string => `
  with old as (
    select * from batch_jobs where id = $1 and organization_id = $2 for no key update
  ), changed as (
    update batch_jobs as job set ${set}
      from old where job.id = old.id and old.status = any ($3) and ${onlyIf} and ${WANTED}
    returning job.*
  ), history as (
    insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
    select changed.id, changed.organization_id, '${action}', $4, $5, $6::text, ${factsOf('old')}, ${factsOf('changed')}
      from changed join old using (id)
  )${also ? `, also as (${also})` : ''}
  select changed.id is not null as changed, ${onlyIf} as fits, ${WANTED} as "isWanted",
         case when changed.id is null then ${entityTagSql('old')} else ${entityTagSql('changed')} end as "entityTag",
         old.status as "statusBefore", changed.status as "statusAfter",
         old.schedule_revision as "revisionBefore", changed.schedule_revision as "revisionAfter",
         old.starts_at as "startsAtBefore", changed.starts_at as "startsAtAfter",
         changed.started_at as "startedAt", (${contacts})::integer as contacts,
         ${details} as details
    from old left join changed using (id)`;
