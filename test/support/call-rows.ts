import type { DataSource, EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { JobRows } from './job-rows.js';

export interface NewCallableJob {
  /** @default 'running' */
  readonly status?: string;
  /** @default 3 */
  readonly contacts?: number;
  /** @default 50 */
  readonly callLimit?: number;
  /** @default 3 */
  readonly maxAttempts?: number;
  /** @default 'org_a' */
  readonly organizationId?: string;
}

export interface CallRow {
  readonly id: string;
  readonly contactId: string;
  readonly attempt: number;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly isPlaced: boolean;
}

export interface ContactRow {
  readonly id: string;
  readonly status: string;
  readonly attemptCount: number;
  readonly isEnded: boolean;
  /** Null unless it waits for a retry. */
  readonly retryInMs: number | null;
  readonly failureReason: string | null;
  readonly errorCode: string | null;
  readonly callDurationSeconds: number | null;
}

export interface HoldRow {
  readonly reason: string;
  readonly errorCode: string | null;
  readonly setbacks: number;
  /** Negative when it is past. */
  readonly leftMs: number;
  readonly callsAllowed: number;
}

/** Jobs with contacts to be called, in any state, and their calls. */
export class CallRows extends JobRows {
  constructor(private readonly source: DataSource | EntityManager) {
    super(source);
  }

  async addOrganization(id: string, callLimit: number): Promise<void> {
    await this.source.query(
      `insert into organizations (id, name, concurrent_call_limit) values ($1, $1, $2)
       on conflict (id) do update set concurrent_call_limit = $2`,
      [id, callLimit],
    );
  }

  /** @returns the job's id */
  async addCallable(given: NewCallableJob = {}): Promise<string> {
    const { status = 'running', contacts = 3, callLimit = 50, maxAttempts = 3, organizationId = 'org_a' } = given;
    const id = `batch_${ulid()}`;
    await this.source.query(
      `insert into batch_jobs (id, organization_id, from_phone_number_id, from_phone_number, agent_id, name, status,
         concurrent_call_limit, max_attempts, total_contacts, started_at, completed_at)
       select $1, $2, 'phone_a', '+12025550100', 'agent_a', 'a batch', $3::text, $4, $5, $6::integer,
         case when $3 in ('running', 'paused', 'completed') then clock_timestamp() end,
         case when $3 in ('completed', 'failed', 'cancelled') then clock_timestamp() end`,
      [id, organizationId, status, callLimit, maxAttempts, contacts],
    );
    await this.source.query(
      `insert into contacts (id, batch_job_id, position, phone_number, contact_data)
       select 'contact_' || $1 || '.' || place, $1, place, '+1202555' || lpad(place::text, 4, '0'),
              json_build_object('phone', '+1202555' || lpad(place::text, 4, '0'))
         from generate_series(1, $2::integer) as place`,
      [id, contacts],
    );
    return id;
  }

  /** Calls of a job, the oldest first. */
  calls(id: string): Promise<CallRow[]> {
    return this.source.query(
      `select id, contact_id as "contactId", attempt, outcome, reason, placed_at is not null as "isPlaced"
         from call_attempts where batch_job_id = $1 order by claimed_at, id`,
      [id],
    );
  }

  /** Contacts of a job in the order of its list. */
  people(id: string): Promise<ContactRow[]> {
    return this.source.query(
      `select id, status, attempt_count as "attemptCount", completed_at is not null as "isEnded",
              (extract(epoch from next_retry_at - clock_timestamp()) * 1000)::double precision as "retryInMs",
              failure_reason as "failureReason", error_code as "errorCode",
              call_duration_seconds as "callDurationSeconds"
         from contacts where batch_job_id = $1 order by position`,
      [id],
    );
  }

  /** What holds a job; null when nothing does. */
  async hold(id: string): Promise<HoldRow | null> {
    const [hold] = await this.source.query<(HoldRow | undefined)[]>(
      `select reason, error_code as "errorCode", setbacks, calls_allowed as "callsAllowed",
              (extract(epoch from held_until - clock_timestamp()) * 1000)::double precision as "leftMs"
         from batch_job_holds where batch_job_id = $1`,
      [id],
    );
    return hold ?? null;
  }

  /** Lets the time of every hold be over. */
  async passHolds(): Promise<void> {
    await this.source.query(
      `update batch_job_holds set held_until = clock_timestamp() - interval '1 s' where held_until > clock_timestamp()`,
    );
  }

  /** Null unless the service has paused it. */
  async pauseReason(id: string): Promise<string | null> {
    const [{ reason }] = await this.source.query<[{ reason: string | null }]>(
      'select pause_reason as reason from batch_jobs where id = $1',
      [id],
    );
    return reason;
  }

  /** Ids of the jobs in a status. */
  async inStatus(status: string): Promise<string[]> {
    const found = await this.source.query<{ id: string }[]>('select id from batch_jobs where status = $1', [status]);
    return found.map(({ id }) => id);
  }

  /** How many calls the dialer took. What it answered is written after it was asked, and gives a call another lease. */
  async acceptedCalls(): Promise<number> {
    const [{ calls }] = await this.source.query<[{ calls: number }]>(
      'select count(accepted_at)::integer as calls from call_attempts',
    );
    return calls;
  }

  /** Lets every lease of a job's calls have ended. Wait for `acceptedCalls` before it: another lease undoes it. */
  async endLeases(id: string): Promise<void> {
    await this.source.query(
      `update call_attempts set lease_ends_at = clock_timestamp() - interval '1 second'
        where batch_job_id = $1 and ended_at is null and placed_at is not null`,
      [id],
    );
  }

  /** Lets every retry of a job be due. */
  async makeDue(id: string): Promise<void> {
    await this.source.query(
      `update contacts set next_retry_at = clock_timestamp() where batch_job_id = $1 and status = 'queued'`,
      [id],
    );
  }

  /** What the counters say beside what there is; equal at every moment. */
  async countersBesideContacts(id: string): Promise<{ counters: object; contacts: object }> {
    const [found] = await this.source.query<[{ counters: object; contacts: object }]>(
      `select (select coalesce(jsonb_object_agg(status, contacts), '{}') from contact_counts
                where batch_job_id = $1 and contacts <> 0) as counters,
              (select coalesce(jsonb_object_agg(status, count), '{}') from (
                select status, count(*) from contacts where batch_job_id = $1 group by status) as groups) as contacts`,
      [id],
    );
    return found;
  }
}
