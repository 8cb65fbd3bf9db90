import type { BatchLedger, ScheduledRow } from './evidence.js';
import type { PostgresServer } from './postgres-server.js';

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::double precision`;

const LEDGER = `
  select id, name, status, schedule_revision as revision, ${ms('starts_at')} as "startsAt",
         ${ms('started_at')} as "startedAt", ${ms('completed_at')} as "completedAt", failure_reason as "failureReason",
         coalesce((select json_agg(json_build_object(
             'revision', revision, 'trigger', trigger, 'plannedAt', ${ms('planned_at')},
             'startedAt', ${ms('started_at')}, 'lateMs', late_ms))
           from batch_job_starts where batch_job_id = job.id), '[]') as starts,
         coalesce((select json_agg(json_build_object(
             'action', action, 'occurredAt', ${ms('occurred_at')}, 'before', before, 'after', after) order by id)
           from batch_job_history where batch_job_id = job.id), '[]') as history
    from batch_jobs as job where name = any ($1)`;

const SCHEDULED = `
  select id, schedule_revision as revision, ${ms('starts_at')} as "startsAt" from batch_jobs where status = 'scheduled'`;

/** Reads what PostgreSQL has written of batches. */
export class LedgerReader {
  constructor(private readonly postgres: PostgresServer) {}

  of(names: readonly string[]): Promise<BatchLedger[]> {
    return this.postgres.ask<BatchLedger>(LEDGER, [names]);
  }

  scheduled(): Promise<ScheduledRow[]> {
    return this.postgres.ask<ScheduledRow>(SCHEDULED);
  }
}
