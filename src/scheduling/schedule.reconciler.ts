import { Injectable, Logger } from '@nestjs/common';
import { ScheduleRepository, type ListedStart, type ScheduledStart } from '../batch-jobs/schedule.repository.js';
import { Clock } from '../shared/clock.js';
import { compare, type Difference } from './schedule.comparison.js';
import { SchedulerGateway, wakeUpId } from './scheduler.gateway.js';

const PAGE = 1_000;

/** What one round did. */
export interface Reconciled {
  readonly armed: number;
  readonly removed: number;
}

/** What one look saw. */
export interface Looked {
  readonly at: Date;
  readonly scheduledJobs: number;
  readonly timers: number;
}

/** What came of one difference. Null: Redis stopped answering. */
type Repaired = keyof Reconciled | 'nothing' | null;

/**
 * Compares Redis with PostgreSQL, and makes it agree: a wake-up for every schedule that is to come, and no other.
 * Any number of rounds may run at once, in any process; the recurring ones are those of `ReconciliationLoop`.
 */
@Injectable()
export class ScheduleReconciler {
  private readonly logger = new Logger(ScheduleReconciler.name);

  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly scheduler: SchedulerGateway,
    private readonly clock: Clock,
  ) {}

  /**
   * Looks once, and changes nothing. What is just being changed looks like a difference.
   *
   * @param tell is told of each difference as it is found
   * @returns null when Redis does not answer
   */
  async look(tell: (difference: Difference) => void): Promise<Looked | null> {
    const at = this.clock.now();
    const armed = await this.scheduler.listArmed();
    if (!armed) return null;

    let scheduledJobs = 0;
    const rows = this.scheduled(() => (scheduledJobs += 1));
    for await (const difference of compare(rows, armed, at)) tell(difference);
    return { at, scheduledJobs, timers: armed.size };
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
    const now = this.clock.now();
    const before = isRedisNew === null ? null : await this.scheduler.listArmed();
    if (!before) return null;

    const done = { armed: 0, removed: 0 };
    for await (const difference of compare(this.scheduled(), before, now)) {
      if (signal?.aborted) return null;
      const repaired = await this.repair(difference);
      if (repaired === null) return null;
      if (repaired !== 'nothing') done[repaired] += 1;
    }
    return done;
  }

  private repair(difference: Difference): Promise<Repaired> {
    switch (difference.kind) {
      case 'timer_missing':
        return this.arm(difference.start);
      case 'timer_at_another_time':
        return this.replace(difference.start);
      case 'timer_unwanted':
        return this.remove(difference.queueJobId);
      case 'start_overdue':
        break;
    }
    // No timer is of use any more: the sweep sees to it.
    return Promise.resolve('nothing');
  }

  /** A record that lost its place in the delayed set blocks its id: Bull would ignore the new one, and say nothing. */
  private async arm(start: ScheduledStart): Promise<Repaired> {
    const queueJobId = wakeUpId(start);
    if (!(await this.scheduler.wakeAt(start))) return null;
    const isArmed = await this.scheduler.isArmed(queueJobId);
    if (isArmed !== false) return isArmed && 'armed';

    const wasFreed = await this.scheduler.forget(queueJobId);
    // Not removed: a worker has it in its hands, too early, and waits for its moment.
    if (!wasFreed) return wasFreed === null ? null : 'nothing';
    return (await this.scheduler.wakeAt(start)) ? 'armed' : null;
  }

  private async replace(start: ScheduledStart): Promise<Repaired> {
    return (await this.scheduler.forget(wakeUpId(start))) === null ? null : this.arm(start);
  }

  private async remove(queueJobId: string): Promise<Repaired> {
    const wasRemoved = await this.scheduler.forget(queueJobId);
    if (wasRemoved === null) return null;
    return wasRemoved ? 'removed' : 'nothing';
  }

  private async *scheduled(count: () => void = () => undefined): AsyncGenerator<ListedStart> {
    for (let afterId = '', isLast = false; !isLast;) {
      const page = await this.schedules.listScheduled(afterId, PAGE);
      for (const start of page) {
        count();
        yield start;
      }
      isLast = page.length < PAGE;
      afterId = page.at(-1)?.batchJobId ?? afterId;
    }
  }
}
