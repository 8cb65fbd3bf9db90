import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Recurring } from '../shared/recurring.js';
import { ScheduleReconciler } from './schedule.reconciler.js';
import { SchedulerGateway } from '../queue/scheduler.gateway.js';

// Bounds how long a wake-up is missing after Redis came back empty; its return itself starts a round at once.
const RECONCILE_INTERVAL_MS = 5_000;

/** Reconciles again and again for as long as a worker serves, and whenever Redis is there again. */
@Injectable()
export class ReconciliationLoop implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ReconciliationLoop.name);
  readonly reconciling = new Recurring(
    'reconciliation',
    (signal) => this.reconcileOrReport(signal),
    RECONCILE_INTERVAL_MS,
  );

  constructor(
    private readonly reconciler: ScheduleReconciler,
    private readonly scheduler: SchedulerGateway,
  ) {}

  onApplicationBootstrap(): void {
    this.scheduler.onConnected(() => this.reconciling.hasten());
    this.reconciling.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.reconciling.stop();
  }

  private async reconcileOrReport(signal: AbortSignal): Promise<void> {
    try {
      const done = await this.reconciler.reconcile(signal);
      if (done && done.armed + done.removed > 0) this.logger.log('wake-ups reconciled', { ...done });
    } catch (error) {
      this.logger.warn('reconciliation failed', { reason: (error as Error).name });
    }
  }
}
