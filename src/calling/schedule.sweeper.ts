import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { ScheduledStart } from '../batch-jobs/batch-job.changes.js';
import { ScheduleRepository } from '../batch-jobs/schedule.repository.js';
import { SchedulerGateway } from '../queue/scheduler.gateway.js';
import type { Turn, TurnTimes } from '../queue/turn.js';
import { Recurring } from '../shared/recurring.js';
import { BatchRunner } from './batch.runner.js';

// Bounds how late a start can be when its wake-up is lost, at one indexed query per interval.
const SCHEDULE_SWEEP_INTERVAL_MS = 2_000;

// Shorter than the interval: a worker alone finds its last turn over. One that died with it costs the others two seconds;
// one that has it and does nothing with it, or a Redis that says so, eight (docs/reliability.md).
const TURN: TurnTimes = { turnMs: 1_900, mostMs: 8_000 };

// Leaves the wake-up its chance: a start that the timer is about to make is not worth a second claim.
const OVERDUE_MS = 2_000;

// At one time: they share a few statements. As long as there are as many, the next are looked for at once.
const SWEEP_LIMIT = 500;

/** Starts what is due in PostgreSQL and was not woken: the reason why a lost wake-up is harmless. */
@Injectable()
export class ScheduleSweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ScheduleSweeper.name);
  readonly sweeping = new Recurring(
    'schedule_sweep',
    (signal) => this.sweepOrReport(signal),
    SCHEDULE_SWEEP_INTERVAL_MS,
  );

  private readonly turn: Turn;

  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly runner: BatchRunner,
    scheduler: SchedulerGateway,
  ) {
    this.turn = scheduler.turn('schedule_sweep', TURN);
  }

  onApplicationBootstrap(): void {
    this.sweeping.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.sweeping.stop();
  }

  /**
   * One round: claims the overdue schedules, whoever else does the same. One that cannot be claimed, because somebody holds
   * its row, is left to the next round.
   */
  async sweep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const overdue = await this.schedules.listOverdue(OVERDUE_MS, SWEEP_LIMIT);
      const tries = await this.runner.startOverdue(overdue);
      tries.forEach((tried, at) => {
        if (tried.status === 'rejected') this.report(tried.reason, overdue[at]);
      });
      // Without any that was claimed the same ones would be found again.
      const hasClaimed = tries.some((tried) => tried.status === 'fulfilled' && tried.value !== null);
      if (overdue.length < SWEEP_LIMIT || !hasClaimed) return;
    }
  }

  private async sweepOrReport(signal: AbortSignal): Promise<void> {
    if (!(await this.turn.take())) return;
    try {
      await this.sweep(signal);
    } catch (error) {
      this.report(error);
      await this.turn.giveBack();
    }
  }

  private report(error: unknown, overdue?: ScheduledStart): void {
    this.logger.warn('sweep failed', { reason: (error as Error).name, batchJobId: overdue?.batchJobId });
  }
}
