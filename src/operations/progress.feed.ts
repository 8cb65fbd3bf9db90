import { isDeepStrictEqual } from 'node:util';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import type { Course } from '../batch-jobs/estimate.statements.js';
import type { ProgressRepository } from '../batch-jobs/progress.repository.js';
import type { CallPosition, EndedCall, Progress } from '../batch-jobs/progress.statements.js';
import { Recurring } from '../shared/recurring.js';

const READ_INTERVAL_MS = 1_000;

/** Most calls that are read, and told, at once. */
const CALLS_AT_ONCE = 100;

// Two seconds of the fastest dispatch (`bench/`). Who is farther behind reads for itself.
const CALLS_KEPT = 1_000;

/** Whether a position comes after another. */
const isLater = (one: CallPosition, other: CallPosition): boolean => {
  const ms = one.endedAt.getTime() - other.endedAt.getTime();
  return ms > 0 || (ms === 0 && one.callId > other.callId);
};

/** What a watcher can see of a job at one moment. */
export interface ProgressView {
  /** Null: the job is gone. */
  readonly progress: Progress | null;
  /** As it was when its counters last changed. Null: there is nothing to estimate from. */
  readonly course: Course | null;
}

/** One watched job, read once a second however many watch it. */
export class ProgressFeed {
  private readonly watchers = new Set<() => void>();
  private readonly reading: Recurring;
  private kept: EndedCall[] = [];
  /** The kept calls ended after it. Null: nothing was read yet. */
  private keptAfter: CallPosition | null = null;
  private latest: ProgressView | null = null;

  /**
   * @param readCourse what an estimate rests on, asked for when the counters have changed
   * @param report is told of each failure to read; it is tried again a second later
   */
  constructor(
    private readonly batchJobId: BatchJobId,
    private readonly repository: ProgressRepository,
    private readonly readCourse: (progress: Progress) => Promise<Course | null>,
    report: (error: unknown) => void,
  ) {
    this.reading = new Recurring('progress', () => this.read().catch(report), READ_INTERVAL_MS);
    this.reading.start();
  }

  /** Null until it was read for the first time. */
  get view(): ProgressView | null {
    return this.latest;
  }

  get isWatched(): boolean {
    return this.watchers.size > 0;
  }

  /** @param wake is called when there may be something new */
  join(wake: () => void): void {
    this.watchers.add(wake);
  }

  leave(wake: () => void): void {
    this.watchers.delete(wake);
  }

  /** Ends after the round in progress. */
  stop(): Promise<void> {
    return this.reading.stop();
  }

  /**
   * Calls that ended after a position, up to what the view shows; at most 100. None: there are no more.
   * @throws unavailable  they are not kept any more, and PostgreSQL does not answer
   */
  async callsAfter(position: CallPosition): Promise<readonly EndedCall[]> {
    const { keptAfter, kept, latest } = this;
    if (!keptAfter || !latest?.progress) return [];
    if (isLater(keptAfter, position)) {
      return this.repository.listEnded(this.batchJobId, position, latest.progress.settledUntil, CALLS_AT_ONCE);
    }
    return kept.filter((call) => isLater(call, position)).slice(0, CALLS_AT_ONCE);
  }

  private async read(): Promise<void> {
    const progress = await this.repository.read(this.batchJobId);
    if (progress) await this.readCalls(progress);
    this.latest = { progress, course: await this.courseOf(progress) };
    for (const wake of this.watchers) wake();
  }

  private async courseOf(progress: Progress | null): Promise<Course | null> {
    const before = this.latest?.progress;
    if (!progress) return null;
    const isSame = before && before.status === progress.status && isDeepStrictEqual(before.counts, progress.counts);
    return isSame ? (this.latest?.course ?? null) : this.readCourse(progress);
  }

  private async readCalls({ settledUntil, latestEnded }: Progress): Promise<void> {
    this.keptAfter ??= latestEnded;
    for (;;) {
      const last = this.kept.at(-1) ?? this.keptAfter;
      if (!isLater(latestEnded, last)) return;
      const calls = await this.repository.listEnded(this.batchJobId, last, settledUntil, CALLS_KEPT);
      this.kept.push(...calls);
      const tooMany = this.kept.splice(0, Math.max(0, this.kept.length - CALLS_KEPT));
      this.keptAfter = tooMany.at(-1) ?? this.keptAfter;
      if (calls.length < CALLS_KEPT) return;
    }
  }
}
