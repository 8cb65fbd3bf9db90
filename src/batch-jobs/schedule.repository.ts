import { Injectable } from '@nestjs/common';
import { Batched } from '../shared/batched.js';
import { Database } from '../shared/database.js';
import { Gathered } from '../shared/gathered.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { StartTrigger } from './batch-job-start.entity.js';
import { ALLOWED } from './batch-job.status.js';
import {
  BatchJobChanges,
  type GatheredChange,
  type ChangeOrder,
  type ChangeResult,
  type ScheduledStart,
} from './batch-job.changes.js';
import { CANCEL_WAITING } from './contact.statements.js';
import type { LateLimit } from './late-limit.sql.js';
import type { ResolvedSchedule } from './schedule.js';
import {
  CANCEL,
  CLAIM,
  CLAIM_MANY,
  CLAIM_REFUSED,
  LIST_OVERDUE_STARTS,
  LIST_SCHEDULED,
  LIST_SCHEDULED_OF,
  RESCHEDULE,
  RESCHEDULE_MANY,
  START_NOW,
  START_NOW_MANY,
  type ClaimRow,
  type ListedStart,
  type MoveParameters,
  type StartPosition,
  type WakeUp,
} from './schedule.statements.js';

export type ClaimResult =
  | { readonly outcome: 'started' | 'missed'; readonly organizationId: string; readonly lateMs: number }
  /** PostgreSQL's clock says it is not due yet. */
  | { readonly outcome: 'early'; readonly earlyMs: number }
  /** Another revision, status or no such job: nothing to do, now or later. */
  | { readonly outcome: 'stale' };

// A statement of more would hold its locks for longer than a commit takes.
const CLAIMS_AT_ONCE = 100;

/** The limit is the process's own: the same for all. */
type Claim = WakeUp & LateLimit;

/** The start protocol's statements on `batch_jobs`: each changes a row if, and only if, its state allows it. */
@Injectable()
export class ScheduleRepository {
  private readonly move: GatheredChange<MoveParameters, 'past_start'>;
  private readonly start: GatheredChange<object, never>;
  private readonly sweeping = new Batched((claims: readonly Claim[]) => this.claimTogether(claims), {
    keyOf: ({ batchJobId }) => batchJobId,
    most: CLAIMS_AT_ONCE,
  });
  private readonly claims = new Gathered<Claim, ClaimResult>(
    ({ batchJobId }) => batchJobId,
    (claim) => this.claimAlone(claim),
    (claims) => this.claimTogether(claims),
  );

  constructor(
    private readonly database: Database,
    private readonly changes: BatchJobChanges,
  ) {
    this.move = changes.gather(RESCHEDULE, RESCHEDULE_MANY, ALLOWED.reschedule);
    this.start = changes.gather(START_NOW, START_NOW_MANY, ALLOWED.start);
  }

  /** Moves the start, or sets the first one. Refused for a job that has begun or ended, and for a start not after now. */
  reschedule(order: ChangeOrder, to: ResolvedSchedule): Promise<ChangeResult<'past_start'>> {
    const { startsAt, localTime, timezone, disambiguation, tzdbVersion } = to;
    const start = { startsAt, localTime, timezone, disambiguation, tzdbVersion };
    return this.move(order, start);
  }

  cancel(order: ChangeOrder): Promise<ChangeResult> {
    return this.changes.makeWithContacts(CANCEL, CANCEL_WAITING, ALLOWED.cancel, order, {});
  }

  startNow(order: ChangeOrder): Promise<ChangeResult> {
    return this.start(order, {});
  }

  /**
   * Starts the job if this revision is in force and due, or marks it missed when it is later than the limit.
   * Any number of claims may run at once: one of them starts it.
   *
   * @param maxLateStartMinutes of a job that has no limit of its own; 0: any lateness is fine
   */
  claim(
    { batchJobId, revision }: Pick<ScheduledStart, 'batchJobId' | 'revision'>,
    trigger: StartTrigger,
    maxLateStartMinutes: number,
  ): Promise<ClaimResult> {
    return this.claims.do({ batchJobId, revision, trigger, maxLateStartMinutes });
  }

  /** The same for a sweep, which waits for nobody. @returns null when somebody holds the job, or it is not to be started */
  claimOverdue({ batchJobId, revision }: ScheduledStart, maxLateStartMinutes: number): Promise<ClaimResult | null> {
    return this.sweeping.do({ batchJobId, revision, trigger: 'sweep', maxLateStartMinutes });
  }

  /** Schedules due for longer than `overdueMs`, the oldest first. */
  listOverdue(overdueMs: number, limit: number): Promise<ScheduledStart[]> {
    return this.database.run(LIST_OVERDUE_STARTS, { overdueMs, limit });
  }

  /** A page of all schedules in force, due or not, by their time and id, after the given one. */
  listScheduled({ startsAt, batchJobId }: StartPosition, limit: number): Promise<ListedStart[]> {
    return this.database.run(LIST_SCHEDULED, { startsAt, batchJobId, limit });
  }

  /** Those of the given batches that are in force, in the same order. */
  listScheduledOf(batchJobIds: readonly BatchJobId[]): Promise<ListedStart[]> {
    return this.database.run(LIST_SCHEDULED_OF, { batchJobIds });
  }

  private async claimAlone(claim: Claim): Promise<ClaimResult> {
    const [claimed] = await this.database.run(CLAIM, claim);
    if (claimed) return toResult(claimed);
    const { batchJobId, revision, trigger } = claim;
    const [refused] = await this.database.run(CLAIM_REFUSED, { batchJobId, revision, trigger });
    if (refused?.earlyMs == null) return { outcome: 'stale' };
    return { outcome: 'early', earlyMs: Math.max(0, Number(refused.earlyMs)) };
  }

  /** Null for those that were not claimed: why, is asked for each alone. */
  private async claimTogether(claims: readonly Claim[]): Promise<(ClaimResult | null)[]> {
    const claimed = await this.database.run(CLAIM_MANY, {
      batchJobIds: claims.map(({ batchJobId }) => batchJobId),
      revisions: claims.map(({ revision }) => revision),
      triggers: claims.map(({ trigger }) => trigger),
      maxLateStartMinutes: claims[0].maxLateStartMinutes,
    });
    const results = new Map(claimed.map((row) => [row.batchJobId, toResult(row)]));
    return claims.map(({ batchJobId }) => results.get(batchJobId) ?? null);
  }
}

const toResult = ({ status, organizationId, lateMs }: ClaimRow): ClaimResult => ({
  outcome: status === 'running' ? 'started' : 'missed',
  organizationId,
  lateMs: Number(lateMs),
});
