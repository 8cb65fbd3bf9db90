import { integer, listOf, statement, text, timestamp } from '../shared/statement.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { BatchJobStatus } from './batch-job.status.js';
import { refusalOf, type Refusal } from './conditional.statement.js';
import { entityTagSql, type EntityTag } from './entity-tag.js';
import { historyFacts } from './history.sql.js';

/** Who wants which job deleted. */
interface LockParameters {
  readonly batchJobId: BatchJobId;
  readonly organizationId: string;
  /** Statuses in which the job may be. */
  readonly allowed: readonly BatchJobStatus[];
  /** Tags of which the job must have one. Null: any. */
  readonly ifMatch: readonly EntityTag[] | null;
}

interface DeleteParameters {
  readonly batchJobId: BatchJobId;
  readonly actor: string;
  readonly requestId: string | null;
  readonly reason: string | null;
}

interface LockedRow {
  /** The first condition that does not hold. Null: it may be deleted. */
  readonly refusal: Refusal | null;
  readonly status: BatchJobStatus;
  readonly revision: number;
  readonly startsAt: Date | null;
  readonly startedAt: Date | null;
  readonly entityTag: EntityTag;
}

/** The job, locked. No row: there is none in the organization. */
export const LOCK_TO_DELETE = statement<LockParameters, LockedRow>({
  sql: `
  select ${refusalOf('job', {})} as refusal, job.status, job.schedule_revision as revision,
         job.starts_at as "startsAt", job.started_at as "startedAt", ${entityTagSql('job')} as "entityTag"
    from batch_jobs as job where job.id = :batchJobId and job.organization_id = :organizationId for update of job`,
  parameters: { batchJobId: text, organizationId: text, allowed: listOf(text), ifMatch: listOf(text) },
  columns: {
    refusal: text,
    status: text,
    revision: integer,
    startsAt: timestamp,
    startedAt: timestamp,
    entityTag: text,
  },
});

/** The history says what the job was last, before and after. */
export const DELETE_JOB = statement<DeleteParameters, object>({
  sql: `
  with gone as (
    delete from batch_jobs where id = :batchJobId returning *
  )
  insert into batch_job_history (batch_job_id, organization_id, action, actor, request_id, reason, before, after)
  select id, organization_id, 'deleted', :actor, :requestId, :reason::text, ${historyFacts('gone')}, ${historyFacts('gone')}
    from gone`,
  parameters: { batchJobId: text, actor: text, requestId: text, reason: text },
  columns: {},
});
