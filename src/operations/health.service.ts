import { Inject, Injectable } from '@nestjs/common';
import { BacklogRepository } from '../batch-jobs/backlog.repository.js';
import type { Backlog } from '../batch-jobs/backlog.statements.js';
import { Database } from '../shared/database.js';
import { Heartbeats } from '../shared/heartbeats.js';
import type { Workers } from '../shared/heartbeats.statements.js';
import { DIALER_NAME } from '../shared/platform.js';
import type { ServerState } from '../shared/server-watch.js';
import { SharedAnswer } from '../shared/shared-answer.js';
import { SchedulerGateway } from '../queue/scheduler.gateway.js';
import { TimezoneService } from '../scheduling/timezone.service.js';

/** What may be wrong. Only the first two keep the service from being of use. */
export const HEALTH_PROBLEMS = [
  'postgres_down',
  'postgres_refuses_writes',
  'redis_down',
  'redis_refuses_writes',
  'no_worker_alive',
  'consumer_stopped',
  'loop_stalled',
  'calls_not_placed',
  'starts_overdue',
] as const;
export type HealthProblem = (typeof HEALTH_PROBLEMS)[number];

export interface Health {
  readonly database: ServerState;
  /** Anything but `'up'` is no reason to take a process out of service: starts are kept and made without Redis. */
  readonly redis: ServerState;
  /** Null when PostgreSQL does not answer. */
  readonly workers: Workers | null;
  /** Null when PostgreSQL does not answer. */
  readonly backlog: Backlog | null;
  /** Everything that is wrong, in the order of `HEALTH_PROBLEMS`. */
  readonly problems: readonly HealthProblem[];
  /** What places the calls: `'simulated'` calls nobody. Null where nothing does. */
  readonly dialer: string | null;
  /** Version of the zone rules that starts are computed with. */
  readonly tzdbVersion: string;
  /** Version inside Node.js, which is not used. */
  readonly runtimeTzdbVersion: string;
}

// Asked often and without a key: what it costs the servers does not hang on how often.
const SHARED_MS = 1_000;

// The promise without Redis (docs/reliability.md).
const OVERDUE_SECONDS = 15;

// Without Redis a call is placed by the sweep within some seconds; more than this, and nobody is at it, or far too few.
const UNPLACED_SECONDS = 60;

/** Asks the servers this service stands on, and what the workers say of themselves. */
@Injectable()
export class HealthService {
  private readonly checked = new SharedAnswer(() => this.look(), SHARED_MS);

  constructor(
    private readonly database: Database,
    private readonly scheduler: SchedulerGateway,
    private readonly heartbeats: Heartbeats,
    private readonly backlog: BacklogRepository,
    private readonly timezones: TimezoneService,
    @Inject(DIALER_NAME) private readonly dialer: string | null,
  ) {}

  /** At most a second old. */
  check(): Promise<Health> {
    return this.checked.get();
  }

  private async look(): Promise<Health> {
    const [database, redis, workers, backlog] = await Promise.all([
      this.database.probe(),
      this.scheduler.probe(),
      this.heartbeats.look().catch(() => null),
      this.backlog.look().catch(() => null),
    ]);
    return {
      database,
      redis,
      workers,
      backlog,
      problems: problemsOf(database, redis, workers, backlog),
      dialer: this.dialer,
      tzdbVersion: this.timezones.tzdbVersion,
      runtimeTzdbVersion: process.versions.tz ?? 'none',
    };
  }
}

const problemsOf = (
  database: ServerState,
  redis: ServerState,
  workers: Workers | null,
  backlog: Backlog | null,
): HealthProblem[] => {
  const is: Record<HealthProblem, boolean> = {
    postgres_down: database === 'down',
    postgres_refuses_writes: database === 'refuses_writes',
    redis_down: redis === 'down',
    redis_refuses_writes: redis === 'refuses_writes',
    // While nothing can be written, the heartbeats are old because of that.
    no_worker_alive: database === 'up' && workers?.alive === 0,
    consumer_stopped: (workers?.stoppedConsumers.length ?? 0) > 0,
    loop_stalled: (workers?.stalledLoops.length ?? 0) > 0,
    calls_not_placed: (backlog?.oldestUnplacedCallSeconds ?? 0) > UNPLACED_SECONDS,
    starts_overdue: (backlog?.oldestOverdueStartSeconds ?? 0) > OVERDUE_SECONDS,
  };
  return HEALTH_PROBLEMS.filter((problem) => is[problem]);
};
