import type { BatchJobStatus } from '../../src/batch-jobs/batch-job.status.js';
import type { HistoryFacts } from '../../src/batch-jobs/batch-job-history.entity.js';

export type Verb = 'create' | 'reschedule' | 'cancel' | 'start';

/** What a client was told. Times in milliseconds since 1970, by the clock of the machine, which is PostgreSQL's too. */
export interface Answer {
  readonly at: number;
  readonly status: number;
  /** Of a problem. */
  readonly code: string | null;
  /** The schedule that was acknowledged; null without one. */
  readonly revision: number | null;
  readonly startsAt: number | null;
}

export interface RequestRecord {
  readonly verb: Verb;
  readonly sentAt: number;
  /** Null: the connection was refused or broken off, and what became of the request is not known. */
  readonly answer: Answer | null;
}

/** What a client asked for one batch. */
export interface BatchRecord {
  /** Unique: it finds the row of a batch whose creation was not answered. */
  readonly name: string;
  /** Null until the creation was acknowledged. */
  readonly id: string | null;
  readonly requests: readonly RequestRecord[];
}

export interface StartLedger {
  readonly revision: number;
  readonly trigger: string;
  readonly plannedAt: number | null;
  readonly startedAt: number;
  readonly lateMs: number | null;
}

export interface HistoryLedger {
  readonly action: string;
  readonly occurredAt: number;
  readonly before: HistoryFacts | null;
  readonly after: HistoryFacts;
}

/** What PostgreSQL says of one batch. */
export interface BatchLedger {
  readonly id: string;
  readonly name: string;
  readonly status: BatchJobStatus;
  readonly revision: number;
  readonly startsAt: number | null;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  readonly failureReason: string | null;
  readonly starts: readonly StartLedger[];
  /** In the order of the changes. */
  readonly history: readonly HistoryLedger[];
}

/** A time in which nothing could be started: PostgreSQL or every worker was away. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

/** A start that was moved into the past behind the service's back. */
export interface Backdated {
  readonly startsAt: number;
  readonly movedAt: number;
}

/** A scheduled row and the wake-up it should have. */
export interface ScheduledRow {
  readonly id: string;
  readonly revision: number;
  readonly startsAt: number;
}

/** What one process printed, and how it ended if nobody ended it. */
export interface ProcessRecord {
  readonly name: string;
  readonly lines: readonly string[];
  /** Null: it runs, or was ended by the fault. */
  readonly diedWith: string | null;
}

/** Everything that is known after a round. */
export interface Evidence {
  readonly takenAt: number;
  readonly batches: readonly BatchRecord[];
  readonly ledgers: readonly BatchLedger[];
  readonly outages: readonly Outage[];
  /** Longest that a start may be late, after its time or after the end of an outage. */
  readonly boundMs: number;
  /** Later than this a batch is to be missed. */
  readonly maxLateMs: number;
  /** By batch id. */
  readonly backdated: ReadonlyMap<string, Backdated>;
  /** Whether requests may be answered with 503, or not at all: by the fault, or because the machine is overloaded. */
  readonly mayRefuse: boolean;
  /** Every scheduled row, and the firing times in Bull's delayed set by queue job. */
  readonly scheduled: readonly ScheduledRow[];
  readonly delayed: ReadonlyMap<string, number>;
  /** What was seen in Redis while PostgreSQL did not have it yet. */
  readonly ahead: readonly string[];
  readonly processes: readonly ProcessRecord[];
  /** Texts that no log may hold. */
  readonly canaries: readonly string[];
}
