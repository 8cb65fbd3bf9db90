import { Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StartTrigger } from '../batch-jobs/batch-job-start.entity.js';
import type { ScheduledStart } from '../batch-jobs/batch-job.changes.js';
import { ScheduleRepository, type ClaimResult } from '../batch-jobs/schedule.repository.js';
import { Metrics } from '../shared/metrics.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { Dispatcher } from './dispatcher.js';

// A wake-up ahead of PostgreSQL's clock by no more than this is waited for; the others are left to the reconciler, or
// where the worker's own clock is as far ahead, to the sweep.
const MAX_EARLY_WAIT_MS = 30_000;

/** Starts batches. Any number of runners may be asked to start the same one. */
@Injectable()
export class BatchRunner {
  private readonly logger = new Logger(BatchRunner.name);

  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly dispatcher: Dispatcher,
    private readonly metrics: Metrics,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * Starts the batch if this revision of its schedule is in force and due, else does nothing.
   * Starting is one transaction without any other effect: the dispatcher finds the calls, asked for them or not.
   *
   * @param signal ends the wait for a start that is not due yet
   * @throws unavailable  the sweep will find it
   */
  async start(
    wakeUp: Pick<ScheduledStart, 'batchJobId' | 'revision'>,
    trigger: StartTrigger,
    signal: AbortSignal,
  ): Promise<ClaimResult> {
    for (;;) {
      const claim = await this.schedules.claim(wakeUp, trigger, this.settings.maxLateStartMinutes);
      this.note(wakeUp, trigger, claim);
      if (claim.outcome !== 'early' || claim.earlyMs > MAX_EARLY_WAIT_MS || signal.aborted) return claim;
      await sleep(claim.earlyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /**
   * Starts those that nobody woke. Waits for no row that somebody holds.
   *
   * @returns what became of each, in their order; null: somebody holds it, or has claimed it just now
   */
  startOverdue(overdue: readonly ScheduledStart[]): Promise<PromiseSettledResult<ClaimResult | null>[]> {
    return Promise.allSettled(
      overdue.map(async (start) => {
        const claim = await this.schedules.claimOverdue(start, this.settings.maxLateStartMinutes);
        if (claim) this.note(start, 'sweep', claim);
        return claim;
      }),
    );
  }

  private note(
    wakeUp: Pick<ScheduledStart, 'batchJobId' | 'revision'>,
    trigger: StartTrigger,
    claim: ClaimResult,
  ): void {
    this.report(wakeUp, trigger, claim);
    this.count(trigger, claim);
    if (claim.outcome === 'started') this.dispatcher.request(claim.organizationId);
  }

  private count(trigger: StartTrigger, claim: ClaimResult): void {
    if (claim.outcome === 'started') this.metrics.countStart(trigger, claim.lateMs);
    if (claim.outcome === 'missed') this.metrics.countMissedStart();
    // A sweep that a rival forestalled was no wake-up.
    if (claim.outcome === 'stale' && trigger === 'timer') this.metrics.countStaleWakeUp();
  }

  private report(
    { batchJobId, revision }: Pick<ScheduledStart, 'batchJobId' | 'revision'>,
    trigger: StartTrigger,
    claim: ClaimResult,
  ): void {
    const facts = { batchJobId, revision, trigger, ...claim };
    switch (claim.outcome) {
      case 'started':
        return this.logger.log('batch started', facts);
      case 'missed':
        return this.logger.error('batch missed its start', facts);
      case 'early':
        return this.logger.warn('wake-up came early', facts);
      case 'stale':
        return this.logger.log('stale wake-up ignored', facts);
    }
  }
}
