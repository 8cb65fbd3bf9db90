import { Injectable, Logger } from '@nestjs/common';
import type { ScheduledStart } from '../batch-jobs/batch-job.changes.js';
import { ScheduleRepository } from '../batch-jobs/schedule.repository.js';
import type { ListedStart } from '../batch-jobs/schedule.statements.js';
import { Clock } from '../shared/clock.js';
import { Metrics } from '../shared/metrics.js';
import { compare, type Difference } from './schedule.comparison.js';
import { SchedulerGateway, wakeUpId } from '../queue/scheduler.gateway.js';

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

/** What one round is about. */
interface Round {
  armed: number;
  removed: number;
  /** Wake-ups that Bull was given, a page at most. */
  readonly unconfirmed: ScheduledStart[];
}

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
    private readonly metrics: Metrics,
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

    const round: Round = { armed: 0, removed: 0, unconfirmed: [] };
    for await (const difference of compare(this.scheduled(), before, now)) {
      if (signal?.aborted || !(await this.repair(difference, round))) return null;
    }
    if (!(await this.confirm(round))) return null;
    return { armed: round.armed, removed: round.removed };
  }

  /** @returns false when Redis stopped answering; so do those below */
  private repair(difference: Difference, round: Round): Promise<boolean> {
    switch (difference.kind) {
      case 'timer_missing':
        return this.arm(difference.start, round);
      case 'timer_at_another_time':
        return this.replace(difference.start, round);
      case 'timer_unwanted':
        return this.remove(difference.queueJobId, round);
      case 'start_overdue':
        break;
    }
    // No timer is of use any more: the sweep sees to it.
    return Promise.resolve(true);
  }

  private async arm(start: ScheduledStart, round: Round): Promise<boolean> {
    if (!(await this.scheduler.wakeAt(start))) return false;
    round.unconfirmed.push(start);
    return round.unconfirmed.length < PAGE || this.confirm(round);
  }

  private async replace(start: ScheduledStart, round: Round): Promise<boolean> {
    return (await this.scheduler.forget(wakeUpId(start))) !== null && this.arm(start, round);
  }

  private async remove(queueJobId: string, round: Round): Promise<boolean> {
    const wasRemoved = await this.scheduler.forget(queueJobId);
    if (wasRemoved) this.count('removed', round);
    return wasRemoved !== null;
  }

  /** A record that lost its place in the delayed set blocks its id: Bull ignores the new wake-up, and says nothing. */
  private async confirm(round: Round): Promise<boolean> {
    const starts = round.unconfirmed.splice(0);
    const areArmed = await this.scheduler.areArmed(starts.map((start) => wakeUpId(start)));
    for (const [at, start] of starts.entries()) {
      const isArmed = areArmed && (areArmed[at] || (await this.unblock(start)));
      if (isArmed === null) return false;
      if (isArmed) this.count('armed', round);
    }
    return areArmed !== null;
  }

  /** @returns false when it cannot be removed: a worker has it in its hands, too early, and waits for its moment */
  private async unblock(start: ScheduledStart): Promise<boolean | null> {
    const wasFreed = await this.scheduler.forget(wakeUpId(start));
    return wasFreed && ((await this.scheduler.wakeAt(start)) || null);
  }

  private count(action: keyof Reconciled, round: Round): void {
    round[action] += 1;
    this.metrics.countReconciled(action);
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
