import type { BatchJobId } from '../../src/batch-jobs/batch-job.entity.js';
import type { StartTrigger } from '../../src/batch-jobs/batch-job-start.entity.js';
import type { BatchJobStatus } from '../../src/batch-jobs/batch-job.status.js';
import { UnavailableError } from '../../src/shared/unavailable.error.js';

export interface SimulatedRow {
  readonly id: BatchJobId;
  readonly organizationId: string;
  readonly status: BatchJobStatus;
  readonly revision: number;
  readonly version: number;
  readonly startsAtMs: number | null;
  readonly startedAtMs: number | null;
  /** Null: as the settings say. */
  readonly maxLateStartMinutes: number | null;
}

/** A start as it happened; a row of the ledger, which here does not keep anybody from a second one. */
export interface SimulatedStart {
  readonly id: BatchJobId;
  readonly trigger: StartTrigger;
  /** Of who started it. */
  readonly revision: number;
  readonly startedAtMs: number;
  /** The row as it was met. */
  readonly met: SimulatedRow;
}

/** A start that was given up. */
export interface SimulatedMiss {
  readonly met: SimulatedRow;
  readonly lateMs: number;
}

/** The rows of PostgreSQL, in memory. What is done to them is in `InMemorySchedules`. */
export class SimulatedDatabase {
  readonly starts: SimulatedStart[] = [];
  readonly misses: SimulatedMiss[] = [];
  /** Of claims that changed nothing. */
  readonly refusals: ('early' | 'stale')[] = [];
  /** Every state of every row, in the order in which they came. */
  readonly history: SimulatedRow[] = [];
  isAway = false;
  private readonly rows = new Map<BatchJobId, SimulatedRow>();

  constructor(private readonly now: () => number) {}

  get nowMs(): number {
    if (this.isAway) throw new UnavailableError(new Error('the database is away'));
    return this.now();
  }

  find(id: BatchJobId): SimulatedRow | undefined {
    return this.rows.get(id);
  }

  /** Ordered by id. */
  all(): SimulatedRow[] {
    return [...this.rows.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  write(row: SimulatedRow): SimulatedRow {
    this.rows.set(row.id, row);
    this.history.push(row);
    return row;
  }

  change(row: SimulatedRow, to: Partial<SimulatedRow>): SimulatedRow {
    return this.write({ ...row, ...to, version: row.version + 1 });
  }
}
