import type { DataSource, EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import type { HistoryFacts } from '../../src/batch-jobs/batch-job-history.entity.js';
import type { BatchJobStatus } from '../../src/batch-jobs/batch-job.status.js';
import type { ChangeTerms } from '../../src/batch-jobs/change-terms.js';
import type { ChangeOrder } from '../../src/batch-jobs/batch-job.changes.js';
import type { ResolvedSchedule } from '../../src/batch-jobs/schedule.js';
import type { Caller } from '../../src/shared/caller.js';

export const CALLER: Caller = { organizationId: 'org_a', actor: 'key_test', requestId: 'req_test' };

/** An order to change a job, on behalf of a caller. */
export const by = (caller: Caller, batchJobId: string, terms?: ChangeTerms): ChangeOrder => ({
  caller,
  batchJobId,
  terms,
});

export interface JobRow {
  readonly status: BatchJobStatus;
  readonly revision: number;
  readonly startsAt: Date | null;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly failureReason: string | null;
  readonly localStartTime: string | null;
  readonly timezone: string | null;
  readonly disambiguation: string | null;
  readonly tzdbVersion: string | null;
}

export interface StartRow {
  readonly revision: number;
  readonly trigger: string;
  readonly plannedAt: Date | null;
  readonly startedAt: Date;
  readonly lateMs: number | null;
}

export interface HistoryRow {
  readonly action: string;
  readonly actor: string;
  readonly requestId: string | null;
  readonly reason: string | null;
  readonly before: HistoryFacts | null;
  readonly after: HistoryFacts;
}

export interface NewRow {
  /** @default 'scheduled' */
  readonly status?: BatchJobStatus;
  /** From PostgreSQL's now; null: none. @default a minute */
  readonly startsInMs?: number | null;
  /** @default 1, and 0 without a start */
  readonly revision?: number;
  /** @default 'org_a' */
  readonly organizationId?: string;
}

/** A start in so many milliseconds by this process's clock, as an instant in New York. */
export const startIn = (ms: number): ResolvedSchedule => startAt(new Date(Date.now() + ms));

const startAt = (startsAt: Date): ResolvedSchedule => ({
  startsAt,
  localTime: '2031-03-09T09:00:00',
  timezone: 'America/New_York',
  disambiguation: 'later',
  resolution: 'exact',
  localStartTime: '2031-03-09T09:00:00-04:00[America/New_York]',
  tzdbVersion: '2026a',
  warnings: [],
});

/** Rows of batch jobs in any state, and the ledgers beside them. */
export class JobRows {
  constructor(private readonly database: DataSource | EntityManager) {}

  async add({ status = 'scheduled', startsInMs = 60_000, revision, organizationId = 'org_a' }: NewRow = {}) {
    const id = `batch_${ulid()}`;
    await this.database.query(
      `insert into batch_jobs (id, organization_id, from_phone_number_id, agent_id, name, status,
         concurrent_call_limit, max_attempts, total_contacts, schedule_revision,
         starts_at, timezone, disambiguation, started_at, completed_at)
       select $1, $2, 'phone_a', 'agent_a', 'a batch', $3, 1, 1, 0, $4,
         clock_timestamp() + $5::double precision * interval '1 millisecond',
         case when $5::double precision is not null then 'UTC' end,
         case when $5::double precision is not null then 'compatible' end,
         case when $3 in ('running', 'paused', 'completed') then clock_timestamp() end,
         case when $3 in ('completed', 'failed', 'cancelled') then clock_timestamp() end`,
      [id, organizationId, status, revision ?? (startsInMs === null ? 0 : 1), startsInMs],
    );
    return id;
  }

  /** Adds one contact in each of the statuses. */
  async addContacts(id: string, statuses: readonly string[]): Promise<void> {
    await this.database.query(
      `insert into contacts (id, batch_job_id, position, phone_number, contact_data, status, next_retry_at)
       select $1 || '.' || place, $1, place, '+12025550123', '{}', status,
              case when status = 'queued' then clock_timestamp() end
         from unnest($2::text[]) with ordinality as list (status, place)`,
      [id, statuses],
    );
  }

  async row(id: string): Promise<JobRow> {
    const [row] = await this.database.query<JobRow[]>(
      `select status, schedule_revision as revision, starts_at as "startsAt", started_at as "startedAt",
              completed_at as "completedAt", failure_reason as "failureReason", local_start_time as "localStartTime",
              timezone, disambiguation, tzdb_version as "tzdbVersion"
         from batch_jobs where id = $1`,
      [id],
    );
    if (!row) throw new Error(`no job ${id}`);
    return row;
  }

  starts(id: string): Promise<StartRow[]> {
    return this.database.query<StartRow[]>(
      `select revision, trigger, planned_at as "plannedAt", started_at as "startedAt", late_ms::double precision as "lateMs"
         from batch_job_starts where batch_job_id = $1`,
      [id],
    );
  }

  history(id: string): Promise<HistoryRow[]> {
    return this.database.query<HistoryRow[]>(
      `select action, actor, request_id as "requestId", reason, before, after
         from batch_job_history where batch_job_id = $1 order by id`,
      [id],
    );
  }

  /** Status and retry of each contact, in the order of the list. */
  async contacts(id: string): Promise<{ status: string; isEnded: boolean; hasRetry: boolean }[]> {
    return this.database.query(
      `select status, completed_at is not null as "isEnded", next_retry_at is not null as "hasRetry"
         from contacts where batch_job_id = $1 order by position`,
      [id],
    );
  }

  /** Contacts by status; those that became none are left out. */
  async counts(id: string): Promise<Record<string, number>> {
    const rows = await this.database.query<{ status: string; contacts: number }[]>(
      'select status, contacts from contact_counts where batch_job_id = $1 and contacts <> 0',
      [id],
    );
    return Object.fromEntries(rows.map(({ status, contacts }) => [status, contacts]));
  }

  /** Everything there is, as text: equal before and after means that nothing was changed. */
  async snapshot(): Promise<unknown> {
    const tables = [
      'batch_jobs',
      'batch_job_starts',
      'batch_job_history',
      'contacts',
      'contact_counts',
      'idempotency_keys',
    ];
    const queries = tables.map((table) =>
      this.database.query(`select row::text as row from ${table} as row order by row::text`),
    );
    return Promise.all(queries);
  }
}
