import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Recurring } from '../shared/recurring.js';
import { ScheduleReconciler } from './schedule.reconciler.js';
import { SchedulerGateway } from '../queue/scheduler.gateway.js';
import type { Turn, TurnTimes } from '../queue/turn.js';

// All workers make a round every four to five seconds, each of them one a minute at least.
const TURN: TurnTimes = { turnMs: 5_000, mostMs: 60_000 };

// How soon a free turn is taken: that of a worker that died, and the one that an emptied Redis has forgotten.
const ASK_INTERVAL_MS = 1_000;

/** Reconciles again and again for as long as a worker serves, in turns with the others, and at once while Redis lacks much. */
@Injectable()
export class ReconciliationLoop implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ReconciliationLoop.name);
  readonly reconciling = new Recurring('reconciliation', (signal) => this.reconcileOrReport(signal), ASK_INTERVAL_MS);
  private readonly turn: Turn;

  constructor(
    private readonly reconciler: ScheduleReconciler,
    private readonly scheduler: SchedulerGateway,
  ) {
    this.turn = scheduler.turn('reconciliation', TURN);
  }

  onApplicationBootstrap(): void {
    this.scheduler.onConnected(() => this.reconciling.hasten());
    this.reconciling.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.reconciling.stop();
  }

  private async reconcileOrReport(signal: AbortSignal): Promise<void> {
    if (!(await this.turn.take())) return;
    try {
      const done = await this.reconciler.reconcile(signal);
      if (!done) return await this.turn.giveBack();
      const { armed, removed, isBehind } = done;
      if (armed + removed > 0) this.logger.log('wake-ups reconciled', { armed, removed });
      if (!isBehind) return;
      this.turn.keep();
      this.reconciling.hasten();
    } catch (error) {
      this.logger.warn('reconciliation failed', { reason: (error as Error).name });
      await this.turn.giveBack();
    }
  }
}
