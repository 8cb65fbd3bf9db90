import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clock } from '../shared/clock.js';
import { REDIS_PATIENCE_MS } from '../shared/redis.js';
import { unhurried } from '../shared/request-context.js';
import type { Difference } from '../scheduling/schedule.comparison.js';
import { RedisUnavailableError } from '../scheduling/schedule.errors.js';
import { ScheduleReconciler, type Looked, type Reconciled } from '../scheduling/schedule.reconciler.js';

// A flood of differences says no more than its number; what is beyond is counted.
const MAX_SHOWN = 1_000;

// A change has this long between its commit and its timer (`SchedulerGateway`): what outlasts it is not being made.
const BETWEEN_LOOKS_MS = REDIS_PATIENCE_MS;

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
    private readonly reconciler: ScheduleReconciler,
    private readonly clock: Clock,
  ) {}

  /**
   * Compares, and changes nothing. Differences are looked for twice, half a second apart, and those are named that were
   * there both times: a change that is just being made is no drift. Without any, one look is enough.
   *
   * @throws unavailable  PostgreSQL cannot be reached
   */
  async check(): Promise<Consistency> {
    const first = new Set<string>();
    const looked = await this.reconciler.look((difference) => first.add(nameOf(difference)));
    if (!looked) return this.unknown();
    if (first.size === 0) return describe(looked, [], 0);

    await sleep(BETWEEN_LOOKS_MS);
    const shown: Difference[] = [];
    let total = 0;
    const again = await this.reconciler.look((difference) => {
      if (!first.has(nameOf(difference))) return;
      total += 1;
      if (shown.length < MAX_SHOWN) shown.push(difference);
    });
    return again ? describe(again, shown, total) : this.unknown();
  }

  /**
   * Makes Redis agree, as every worker does by itself within seconds. Starts nothing.
   *
   * @throws redis_unavailable  Redis does not answer, or stopped to; a repetition does what is left
   * @throws unavailable        PostgreSQL cannot be reached
   */
  async repair(): Promise<Reconciled> {
    const done = await unhurried(() => this.reconciler.reconcile());
    if (!done) throw new RedisUnavailableError();
    this.logger.log('wake-ups reconciled', { ...done });
    return done;
  }

  private unknown(): Consistency {
    const nothing = { scheduledJobs: null, timers: null, differences: [], differencesTotal: 0 };
    return { status: 'unknown', checkedAt: this.clock.now(), ...nothing };
  }
}

const nameOf = ({ kind, queueJobId }: Difference): string => `${kind} ${queueJobId}`;

const describe = (looked: Looked, differences: readonly Difference[], differencesTotal: number): Consistency => ({
  status: differencesTotal > 0 ? 'drifting' : 'consistent',
  checkedAt: looked.at,
  scheduledJobs: looked.scheduledJobs,
  timers: looked.timers,
  differences,
  differencesTotal,
});
