import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ScheduleRepository, type ScheduledStart } from '../batch-jobs/schedule.repository.js';
import { Clock } from '../shared/clock.js';
import { Recurring } from '../shared/recurring.js';
import { SchedulerGateway, wakeUpId } from './scheduler.gateway.js';

// Bounds how long a wake-up is missing after Redis came back empty; its return itself starts a round at once.
const RECONCILE_INTERVAL_MS = 5_000;

// Bull keeps whole milliseconds: a wake-up farther off than this was set by a faulty clock.
const TOLERANCE_MS = 1_000;

const PAGE = 1_000;

/** What one round did. */
export interface Reconciled {
  readonly armed: number;
  readonly removed: number;
}

/** Makes Redis agree with PostgreSQL: a wake-up for every schedule that is to come, and no other. */
@Injectable()
export class ScheduleReconciler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ScheduleReconciler.name);
  private readonly reconciling = new Recurring((signal) => this.reconcileOrReport(signal), RECONCILE_INTERVAL_MS);

  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly scheduler: SchedulerGateway,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.scheduler.onConnected(() => this.reconciling.hasten());
    this.reconciling.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.reconciling.stop();
  }

  /**
   * One round. Redis is read before PostgreSQL: a wake-up found there was committed before, so one that no row wants is
   * of the past, never of a move that is just being made.
   *
   * @returns null when Redis stopped answering or the signal rose; the next round begins anew
   */
  async reconcile(signal?: AbortSignal): Promise<Reconciled | null> {
    const isRedisNew = await this.scheduler.isRedisNew();
    if (isRedisNew) this.logger.log('redis was empty');
    const unwanted = isRedisNew === null ? null : await this.scheduler.listArmed();
    if (!unwanted) return null;

    let armed = 0;
    for await (const start of this.scheduled()) {
      const firesAt = unwanted.get(wakeUpId(start));
      unwanted.delete(wakeUpId(start));
      if (this.isRight(start, firesAt)) continue;
      if (signal?.aborted) return null;
      if (firesAt) await this.scheduler.forget(wakeUpId(start));
      if (!(await this.scheduler.wakeAt(start))) return null;
      armed += 1;
    }
    let removed = 0;
    for (const queueJobId of unwanted.keys()) {
      if (signal?.aborted) return null;
      const wasRemoved = await this.scheduler.forget(queueJobId);
      if (wasRemoved === null) return null;
      if (wasRemoved) removed += 1;
    }
    return { armed, removed };
  }

  /** What is due has fired or is about to; the sweep sees to it. */
  private isRight({ startsAt }: ScheduledStart, firesAt: Date | undefined): boolean {
    if (startsAt <= this.clock.now()) return true;
    return firesAt !== undefined && Math.abs(firesAt.getTime() - startsAt.getTime()) <= TOLERANCE_MS;
  }

  private async *scheduled(): AsyncGenerator<ScheduledStart> {
    for (let afterId = ''; ;) {
      const page = await this.schedules.listScheduled(afterId, PAGE);
      yield* page;
      if (page.length < PAGE) return;
      afterId = page.at(-1)?.batchJobId ?? afterId;
    }
  }

  private async reconcileOrReport(signal: AbortSignal): Promise<void> {
    try {
      const done = await this.reconcile(signal);
      if (done && done.armed + done.removed > 0) this.logger.log('wake-ups reconciled', { ...done });
    } catch (error) {
      this.logger.warn('reconciliation failed', { reason: (error as Error).name });
    }
  }
}
