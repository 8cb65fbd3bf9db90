import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clock } from '../shared/clock.js';
import { REDIS_PATIENCE_MS } from '../shared/redis.js';
import { unhurried } from '../shared/request-context.js';
import { SchedulerGateway } from '../queue/scheduler.gateway.js';
import { DifferencePages } from '../scheduling/difference.pages.js';
import type { Difference } from '../scheduling/schedule.comparison.js';
import { RedisUnavailableError } from '../scheduling/schedule.errors.js';
import { ScheduleReconciler, type Reconciled } from '../scheduling/schedule.reconciler.js';

// A flood of differences says no more than its number; what is beyond is counted.
const MAX_SHOWN = 1_000;

// A change has this long between its commit and its timer (`SchedulerGateway`): what outlasts it is not being made.
const BETWEEN_LOOKS_MS = REDIS_PATIENCE_MS;

// Differences kept to be looked at again: a wait for each so many, and no more than these in memory.
const LOOKED_AT_AGAIN = 10_000;

/** What was found in all organizations. */
export interface Consistency {
  /** `unknown`: Redis does not answer. */
  readonly status: 'consistent' | 'drifting' | 'unknown';
  readonly checkedAt: Date;
  /** Schedules in force. Null while unknown. */
  readonly scheduledJobs: number | null;
  /** Wake-ups that wait in Redis. Null while unknown. */
  readonly timers: number | null;
  /** The first 1,000. */
  readonly differences: readonly Difference[];
  readonly differencesTotal: number;
}

/** For an operator: whether Redis agrees with PostgreSQL, and the means to make it. */
@Injectable()
export class ConsistencyService {
  private readonly logger = new Logger(ConsistencyService.name);

  constructor(
    private readonly pages: DifferencePages,
    private readonly reconciler: ScheduleReconciler,
    private readonly scheduler: SchedulerGateway,
    private readonly clock: Clock,
  ) {}

  /**
   * Compares, and changes nothing. A difference is looked at twice, half a second apart, and is named when it was there both
   * times: a change that is just being made is no drift. Reads page by page: a million batches take as much memory as ten
   * thousand, and about a minute.
   *
   * @throws unavailable  PostgreSQL cannot be reached
   */
  async check(): Promise<Consistency> {
    const checkedAt = this.clock.now();
    // Within what the request may wait for Redis; only who has an answer takes time.
    const timers = await this.scheduler.delayed.size();
    if (timers === null) return this.unknown();
    return unhurried(async () => {
      let scheduledJobs = 0;
      const shown: Difference[] = [];
      let total = 0;
      for await (const found of this.foundTwice((starts) => (scheduledJobs += starts))) {
        if (!found) return this.unknown();
        total += found.length;
        shown.push(...found.slice(0, MAX_SHOWN - shown.length));
      }
      const status = total > 0 ? 'drifting' : 'consistent';
      return { status, checkedAt, scheduledJobs, timers, differences: shown, differencesTotal: total };
    });
  }

  /**
   * Makes Redis agree, as every worker does by itself within seconds. Starts nothing.
   *
   * @throws redis_unavailable  Redis does not answer, or stopped to; a repetition does what is left
   * @throws unavailable        PostgreSQL cannot be reached
   */
  async repair(): Promise<Reconciled> {
    const done = await unhurried(() => this.reconciler.repair());
    if (!done) throw new RedisUnavailableError();
    this.logger.log('wake-ups reconciled', { ...done });
    return done;
  }

  /** Null, and then nothing more, when Redis does not answer. */
  private async *foundTwice(count: (starts: number) => void): AsyncGenerator<readonly Difference[] | null> {
    let once: Difference[] = [];
    for await (const differences of this.pages.all(count)) {
      if (!differences) {
        yield null;
        return;
      }
      once.push(...differences);
      if (once.length < LOOKED_AT_AGAIN) continue;
      yield await this.lookAgain(once);
      once = [];
    }
    if (once.length > 0) yield await this.lookAgain(once);
  }

  private async lookAgain(once: readonly Difference[]): Promise<readonly Difference[] | null> {
    await sleep(BETWEEN_LOOKS_MS);
    const twice: Difference[] = [];
    for (let at = 0; at < once.length; at += MAX_SHOWN) {
      const found = await this.pages.lookAgain(once.slice(at, at + MAX_SHOWN));
      if (!found) return null;
      twice.push(...found);
    }
    return twice;
  }

  private unknown(): Consistency {
    const nothing = { scheduledJobs: null, timers: null, differences: [], differencesTotal: 0 };
    return { status: 'unknown', checkedAt: this.clock.now(), ...nothing };
  }
}
