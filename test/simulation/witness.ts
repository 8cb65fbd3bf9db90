import type { BatchJobId } from '../../src/batch-jobs/batch-job.entity.js';
import { canMove, NOT_STARTED } from '../../src/batch-jobs/batch-job.status.js';
import { DomainError, type ErrorCode } from '../../src/shared/domain-error.js';
import { SETTING_DEFAULTS } from '../../src/shared/settings.js';
import type { SimulatedDatabase, SimulatedRow, SimulatedStart } from './simulated-database.js';

const MINUTE_MS = 60_000;

/** What a client may be told in any of these histories. */
const EXPECTED: readonly ErrorCode[] = [
  'already_running',
  'already_terminal',
  'invalid_status',
  'past_scheduled_time',
  'unavailable',
];

/** What a client was told: from then on it has to be so. */
export interface Promised {
  readonly id: BatchJobId;
  readonly revision: number;
  readonly startsAtMs: number;
}

const limitOf = ({ maxLateStartMinutes }: SimulatedRow): number =>
  (maxLateStartMinutes ?? SETTING_DEFAULTS.maxLateStartMinutes) * MINUTE_MS || Infinity;

function assert(holds: boolean, promise: string, facts: unknown): asserts holds {
  if (!holds) throw new Error(`${promise}: ${JSON.stringify(facts)}`);
}

/** Remembers what clients were told, and compares it with what happened in the database. */
export class Witness {
  private readonly promised: Promised[] = [];
  /** With the number of starts that there were when the cancel was answered. */
  private readonly cancelled: { readonly id: BatchJobId; readonly starts: number }[] = [];
  private readonly surprises: unknown[] = [];

  constructor(private readonly database: SimulatedDatabase) {}

  heardSchedule(promised: Promised): void {
    this.promised.push(promised);
  }

  heardCancel(id: BatchJobId): void {
    this.cancelled.push({ id, starts: this.database.starts.length });
  }

  heardError(error: unknown): void {
    if (!(error instanceof DomainError) || !EXPECTED.includes(error.code)) this.surprises.push(error);
  }

  /** Every promise that is to hold at any moment. */
  check(): void {
    const { starts, misses } = this.database;
    for (const start of starts) this.checkStart(start);
    for (const { met, lateMs } of misses) assert(lateMs > limitOf(met), 'nothing is given up in time', met);
    this.checkHistory();
    for (const { id, starts: before } of this.cancelled) {
      const later = starts.slice(before).filter((start) => start.id === id);
      assert(later.length === 0, 'nothing starts after a cancel was answered', later);
    }
    for (const promise of this.promised) this.checkPromise(promise);
    assert(this.surprises.length === 0, 'no other failure than those that are told', this.surprises.map(String));
  }

  private checkStart(start: SimulatedStart): void {
    const { id, trigger, revision, startedAtMs, met } = start;
    assert(this.database.starts.filter((other) => other.id === id).length === 1, 'a batch starts at most once', start);
    assert(NOT_STARTED.includes(met.status), 'only what has not begun is started', start);
    if (trigger === 'request') return;
    const startsAtMs = met.startsAtMs ?? Infinity;
    assert(startedAtMs >= startsAtMs, 'nothing starts before its time', start);
    assert(startedAtMs - startsAtMs <= limitOf(met), 'nothing starts after its late limit', start);
    assert(revision === met.revision, 'no superseded wake-up starts anything', start);
  }

  private checkHistory(): void {
    const rows = new Map<BatchJobId, SimulatedRow>();
    for (const row of this.database.history) {
      const before = rows.get(row.id);
      rows.set(row.id, row);
      if (!before) continue;
      assert(row.revision >= before.revision, 'revisions only grow', { before, row });
      assert(canMove(before.status, row.status), 'what has ended stays ended', { before, row });
    }
    for (const row of rows.values()) {
      const isStarted = this.database.starts.some(({ id }) => id === row.id);
      assert(row.status !== 'running' || isStarted, 'running means started', row);
    }
  }

  /** It was so when it was told; what came later has a higher revision or ended the schedule. */
  private checkPromise(promise: Promised): void {
    const { id, revision, startsAtMs } = promise;
    const row = this.database.find(id);
    assert(row !== undefined && row.revision >= revision, 'an answered schedule does not vanish', { promise, row });
    const isKept = row.revision > revision || row.startsAtMs === startsAtMs;
    assert(isKept, 'an answered time is in force until it is changed', { promise, row });
  }
}
