import type { BatchJobId } from '../../src/batch-jobs/batch-job.entity.js';
import type { StartTrigger } from '../../src/batch-jobs/batch-job-start.entity.js';
import type { BatchJobsRepository, NewBatchJob } from '../../src/batch-jobs/batch-jobs.repository.js';
import { ALLOWED, type BatchJobStatus } from '../../src/batch-jobs/batch-job.status.js';
import { entityTagOf } from '../../src/batch-jobs/entity-tag.js';
import type {
  ChangeOrder,
  ChangeResult,
  Changed,
  Refused,
  ScheduledStart,
} from '../../src/batch-jobs/batch-job.changes.js';
import type { ClaimResult, ScheduleRepository } from '../../src/batch-jobs/schedule.repository.js';
import type { ListedStart, MoveDetails, StartPosition } from '../../src/batch-jobs/schedule.statements.js';
import type { ResolvedSchedule } from '../../src/batch-jobs/schedule.js';
import type { Caller } from '../../src/shared/caller.js';
import type { SimulatedDatabase, SimulatedRow } from './simulated-database.js';
import type { Call } from './simulated-process.js';

type PublicOf<T> = Pick<T, keyof T>;

const MINUTE_MS = 60_000;

/** What holds a claim back. The product has all of it. */
export interface Guards {
  readonly checksDueTime: boolean;
  readonly checksRevision: boolean;
  /** Judges and writes in one statement, instead of one after the other. */
  readonly claimsAtOnce: boolean;
}

export const EVERY_GUARD: Guards = { checksDueTime: true, checksRevision: true, claimsAtOnce: true };

const tagOf = ({ revision, version }: SimulatedRow) => entityTagOf({ scheduleRevision: revision, version });

const asStart = ({ id, status, revision, startsAtMs }: SimulatedRow): ScheduledStart | null =>
  status === 'scheduled' && startsAtMs !== null ? { batchJobId: id, revision, startsAt: new Date(startsAtMs) } : null;

const isBefore = (one: StartPosition, other: StartPosition): boolean =>
  one.startsAt < other.startsAt ||
  (one.startsAt.getTime() === other.startsAt.getTime() && one.batchJobId < other.batchJobId);

type Judgement = Extract<ClaimResult, { outcome: 'started' | 'missed' }>;

/** The start protocol's statements, each one effect on the rows. `test/contract` holds them to what PostgreSQL does. */
export class InMemorySchedules implements PublicOf<ScheduleRepository> {
  constructor(
    private readonly database: SimulatedDatabase,
    private readonly call: Call,
    private readonly guards: Guards = EVERY_GUARD,
  ) {}

  reschedule(order: ChangeOrder, { startsAt }: ResolvedSchedule): Promise<ChangeResult<'past_start'>> {
    const startsAtMs = startsAt.getTime();
    return this.change<'past_start'>('reschedule', order, ALLOWED.reschedule, ({ revision }, nowMs) =>
      startsAtMs > nowMs ? { status: 'scheduled', revision: revision + 1, startsAtMs } : 'past_start',
    );
  }

  cancel(order: ChangeOrder): Promise<ChangeResult> {
    return this.change<never>('cancel', order, ALLOWED.cancel, () => ({ status: 'cancelled' }));
  }

  startNow(order: ChangeOrder): Promise<ChangeResult> {
    return this.change<never>('start now', order, ALLOWED.start, (_row, nowMs) => ({
      status: 'running',
      startedAtMs: nowMs,
    }));
  }

  async claim(
    wakeUp: Pick<ScheduledStart, 'batchJobId' | 'revision'>,
    trigger: StartTrigger,
    maxLateStartMinutes: number,
  ): Promise<ClaimResult> {
    const { batchJobId, revision } = wakeUp;
    const what = `claim r${revision}`;
    const claim = () => this.judge(batchJobId, revision, maxLateStartMinutes);
    const write = (judged: ReturnType<typeof claim>) => {
      if (judged) this.settle(judged.row, judged.result, revision, trigger);
      return judged?.result;
    };
    const claimed = this.guards.claimsAtOnce
      ? await this.call(what, () => write(claim()))
      : await this.call(what, claim).then((judged) => this.call(`${what}, write`, () => write(judged)));
    return claimed ?? this.call('why not', () => this.whyNot(batchJobId, revision));
  }

  claimOverdue({ batchJobId, revision }: ScheduledStart, maxLateStartMinutes: number): Promise<ClaimResult | null> {
    return this.call(`claim overdue r${revision}`, () => {
      const judged = this.judge(batchJobId, revision, maxLateStartMinutes);
      if (judged) this.settle(judged.row, judged.result, revision, 'sweep');
      return judged?.result ?? null;
    });
  }

  listOverdue(overdueMs: number, limit: number): Promise<ScheduledStart[]> {
    return this.call('list overdue', () => {
      const latestMs = this.database.nowMs - overdueMs;
      return this.scheduled()
        .filter(({ startsAt }) => startsAt.getTime() < latestMs)
        .toSorted((a, b) => a.startsAt.getTime() - b.startsAt.getTime())
        .slice(0, limit);
    });
  }

  listScheduled(after: StartPosition, limit: number): Promise<ListedStart[]> {
    return this.call('list scheduled', () =>
      this.listed()
        .filter((start) => isBefore(after, start))
        .slice(0, limit),
    );
  }

  listScheduledOf(batchJobIds: readonly BatchJobId[]): Promise<ListedStart[]> {
    return this.call('list scheduled of', () =>
      this.listed().filter(({ batchJobId }) => batchJobIds.includes(batchJobId)),
    );
  }

  private listed(): ListedStart[] {
    const { nowMs } = this.database;
    const starts = this.scheduled().toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
    return starts.map((start) => ({ ...start, dueForMs: nowMs - start.startsAt.getTime() }));
  }

  private scheduled(): ScheduledStart[] {
    return this.database.all().flatMap((row) => asStart(row) ?? []);
  }

  private change<Own extends string>(
    what: string,
    { caller, batchJobId, terms }: ChangeOrder,
    allowed: readonly BatchJobStatus[],
    changeOf: (row: SimulatedRow, nowMs: number) => Partial<SimulatedRow> | Own,
  ): Promise<ChangeResult<Own>> {
    return this.call(what, (): ChangeResult<Own> => {
      const { nowMs } = this.database;
      const row = this.database.find(batchJobId);
      if (row?.organizationId !== caller.organizationId) return { outcome: 'not_found' };
      const refused = (refusal: Refused<Own>['refusal']): Refused<Own> => ({
        outcome: 'refused',
        refusal,
        status: row.status,
        entityTag: tagOf(row),
      });
      if (!allowed.includes(row.status)) return refused('status');
      const change = changeOf(row, nowMs);
      if (typeof change === 'string') return refused(change);
      if (terms?.ifMatch?.includes(tagOf(row)) === false) return refused('entity_tag');

      const changed = this.database.change(row, change);
      if (changed.status === 'running') this.recordStart(row, row.revision, 'request', nowMs);
      return asChanged(row, changed);
    });
  }

  /** @returns null when the row is not to be claimed */
  private judge(id: BatchJobId, revision: number, maxLateStartMinutes: number) {
    const { nowMs } = this.database;
    const row = this.database.find(id);
    if (row?.status !== 'scheduled' || row.startsAtMs === null) return null;
    if (this.guards.checksRevision && row.revision !== revision) return null;
    if (this.guards.checksDueTime && row.startsAtMs > nowMs) return null;
    const lateMs = nowMs - row.startsAtMs;
    const limit = row.maxLateStartMinutes ?? maxLateStartMinutes;
    const result: Judgement = {
      outcome: limit > 0 && lateMs > limit * MINUTE_MS ? 'missed' : 'started',
      organizationId: row.organizationId,
      lateMs,
    };
    return { row, result };
  }

  private settle(row: SimulatedRow, { outcome, lateMs }: Judgement, revision: number, trigger: StartTrigger): void {
    if (outcome === 'missed') {
      this.database.misses.push({ met: row, lateMs });
      this.database.change(row, { status: 'failed' });
      return;
    }
    // What is met is the row as it is now, which a claim that reads first does not know.
    const met = this.database.find(row.id) ?? row;
    this.database.change(met, { status: 'running', startedAtMs: this.database.nowMs });
    this.recordStart(met, revision, trigger, this.database.nowMs);
  }

  private whyNot(id: BatchJobId, revision: number): ClaimResult {
    const { nowMs, refusals } = this.database;
    const row = this.database.find(id);
    const isInForce = row?.status === 'scheduled' && row.revision === revision;
    refusals.push(isInForce ? 'early' : 'stale');
    if (!isInForce) return { outcome: 'stale' };
    return { outcome: 'early', earlyMs: Math.max(0, Number(row.startsAtMs) - nowMs) };
  }

  private recordStart(met: SimulatedRow, revision: number, trigger: StartTrigger, startedAtMs: number): void {
    this.database.starts.push({ id: met.id, trigger, revision, startedAtMs, met });
  }
}

/** What a move gives back: no row here remembers its zone. */
const NO_ZONE_BEFORE: MoveDetails = { timezoneBefore: null };

const asChanged = (before: SimulatedRow, after: SimulatedRow): Changed => ({
  outcome: 'changed',
  statusBefore: before.status,
  ended: asStart(before),
  scheduled: asStart(after),
  startedAt: after.startedAtMs === null ? null : new Date(after.startedAtMs),
  contacts: 0,
  details: NO_ZONE_BEFORE,
  entityTag: tagOf(after),
});

/** Creates rows. Their contacts are nobody's concern here. */
export class InMemoryJobs implements Pick<PublicOf<BatchJobsRepository>, 'create'> {
  constructor(
    private readonly database: SimulatedDatabase,
    private readonly call: Call,
  ) {}

  create({ organizationId }: Caller, { schedule, maxLateStartMinutes }: NewBatchJob): Promise<BatchJobId | null> {
    return this.call('create', () => {
      const startsAtMs = schedule?.startsAt.getTime() ?? null;
      if (startsAtMs !== null && startsAtMs <= this.database.nowMs) return null;
      const id = `batch_${String(this.database.all().length + 1).padStart(26, '0')}`;
      const status = startsAtMs === null ? 'pending' : 'scheduled';
      const revision = startsAtMs === null ? 0 : 1;
      this.database.write({
        id,
        organizationId,
        status,
        revision,
        version: 1,
        startsAtMs,
        startedAtMs: null,
        maxLateStartMinutes,
      });
      return id;
    });
  }
}
