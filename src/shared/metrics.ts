import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { WorkingPart } from './working-part.js';

/**
 * Upper bounds in seconds. A timer's start takes milliseconds (0.005 to 0.25); 1 is the promise with Redis, 4 what the
 * sweep needs without (2 s young and 2 s apart), 15 the promise without Redis (docs/reliability.md); a start that is
 * later has had no worker or no PostgreSQL for a minute, a quarter of an hour, or the hour after which it is missed by
 * default.
 */
const LATENESS_SECONDS = [0.005, 0.025, 0.1, 0.25, 1, 2, 4, 15, 60, 900, 3_600];

const TRIGGERS = ['timer', 'sweep', 'request'] as const;
const ACTIONS = ['armed', 'removed'] as const;

/** What is told of a `CallDemand` (`batch-jobs/backlog.statements.ts`). */
const CALL_DEMAND = {
  callableContacts: {
    name: 'batch_jobs_contacts_callable',
    help: 'Contacts that may be called now and are not with the dialer, of all organizations.',
  },
  freeSlots: {
    name: 'batch_jobs_call_slots_free',
    help: 'Calls that the limits of organizations and of their running batches allow beside those that were placed.',
  },
  placesWanted: {
    name: 'batch_jobs_call_places_wanted',
    help: 'Calls that would be with the dialer if workers had always a place for them; CALL_CONCURRENCY is the places of one.',
  },
} as const;

type DemandFigure = keyof typeof CALL_DEMAND;

/**
 * What this process did since it began, for Prometheus. Each process counts for itself: sums are made where they are
 * scraped. Every series is there from the first, at 0, so that its first increase is seen.
 */
@Injectable()
export class Metrics {
  /** Our own: a host's default registry, and another module in this process, stay as they are. */
  private readonly registry = new Registry();

  private readonly starts = new Counter({
    name: 'batch_jobs_starts_total',
    help: 'Batches started by this process, by what asked for the start.',
    labelNames: ['trigger'],
    registers: [this.registry],
  });

  private readonly missed = this.counter('batch_jobs_missed_starts_total', 'Batches failed because it was too late.');

  private readonly stale = this.counter(
    'batch_jobs_stale_wake_ups_total',
    'Wake-ups refused because their schedule was no longer in force.',
  );

  private readonly ghosts = this.counter(
    'batch_jobs_ghost_wake_ups_total',
    'Queue jobs that arrived without what they should wake for.',
  );

  private readonly reconciled = new Counter({
    name: 'batch_jobs_wake_ups_reconciled_total',
    help: 'Timers that were missing or wrong and were armed, or that nothing wanted and were removed.',
    labelNames: ['action'],
    registers: [this.registry],
  });

  private readonly calls = new Counter({
    name: 'batch_jobs_calls_total',
    help: 'Calls whose outcome this process recorded.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  private readonly snoozes = new Counter({
    name: 'batch_jobs_snoozed_calls_total',
    help: 'Calls that were given back because they could not be placed, by the state of the provider or the account.',
    labelNames: ['reason'],
    registers: [this.registry],
  });

  private readonly systemPauses = new Counter({
    name: 'batch_jobs_system_pauses_total',
    help: 'Batches paused by the service after several setbacks in a row, by the last one.',
    labelNames: ['reason'],
    registers: [this.registry],
  });

  private readonly lateness = new Histogram({
    name: 'batch_jobs_start_lateness_seconds',
    help: 'From the time of a start to the start, by timer or sweep.',
    buckets: LATENESS_SECONDS,
    registers: [this.registry],
  });

  private heartbeat: Gauge | null = null;
  private oldestUnplacedCall: Gauge | null = null;

  constructor() {
    for (const trigger of TRIGGERS) this.starts.inc({ trigger }, 0);
    for (const action of ACTIONS) this.reconciled.inc({ action }, 0);
  }

  /** Media type of `text`. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything there is, in Prometheus' text format 0.0.4. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** Adds memory, processor, event loop and garbage collection of Node.js. Once: a host has them already, of its own. */
  includeProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  /** @param lateMs null for a start on request, which has no time to be late for */
  countStart(trigger: (typeof TRIGGERS)[number], lateMs: number | null): void {
    this.starts.inc({ trigger });
    if (lateMs !== null) this.lateness.observe(lateMs / 1_000);
  }

  countMissedStart(): void {
    this.missed.inc();
  }

  countStaleWakeUp(): void {
    this.stale.inc();
  }

  countGhostWakeUp(): void {
    this.ghosts.inc();
  }

  countCall(outcome: string): void {
    this.calls.inc({ outcome });
  }

  countSnooze(reason: string): void {
    this.snoozes.inc({ reason });
  }

  countSystemPause(reason: string): void {
    this.systemPauses.inc({ reason });
  }

  countReconciled(action: (typeof ACTIONS)[number], wakeUps: number): void {
    this.reconciled.inc({ action }, wakeUps);
  }

  /** Adds what only a worker has. Asked for at each scrape: a part that hangs is seen, whoever hangs with it. */
  watchWorker(parts: readonly WorkingPart[]): void {
    const of = (kind: WorkingPart['kind']) => parts.filter((part) => part.kind === kind);
    const consumerUp = new Gauge({
      name: 'batch_jobs_consumer_up',
      help: '1: takes queue jobs; 0: stopped, and tries to begin again.',
      labelNames: ['queue'],
      registers: [],
      collect() {
        for (const { name, isStopped } of of('consumer')) this.set({ queue: name }, isStopped ? 0 : 1);
      },
    });
    const lastRound = new Gauge({
      name: 'batch_jobs_loop_last_round_timestamp_seconds',
      help: 'When a loop completed a round, in Unix time.',
      labelNames: ['loop'],
      registers: [],
      collect() {
        for (const { name, silentForMs } of of('loop')) this.set({ loop: name }, unixSeconds() - silentForMs / 1_000);
      },
    });
    for (const gauge of [consumerUp, lastRound]) this.registry.registerMetric(gauge);
    this.heartbeat ??= this.gauge(
      'batch_jobs_worker_heartbeat_timestamp_seconds',
      'When this worker last told PostgreSQL that it is alive, in Unix time.',
    );
    this.oldestUnplacedCall ??= this.gauge(
      'batch_jobs_oldest_unplaced_call_seconds',
      'Age of the oldest call that is claimed and not placed, of all workers; 0 without one.',
    );
  }

  /**
   * Adds how much there is to call, measured at each scrape.
   *
   * @param measure null: it is not known, and there are no such series; must not throw
   */
  watchCallDemand(measure: () => Promise<Readonly<Record<DemandFigure, number>> | null>): void {
    for (const [figure, { name, help }] of Object.entries(CALL_DEMAND)) {
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers: [],
        async collect() {
          const demand = await measure();
          if (demand) gauge.set(demand[figure as DemandFigure]);
          else gauge.remove();
        },
      });
      this.registry.registerMetric(gauge);
    }
  }

  noteHeartbeat(): void {
    this.heartbeat?.set(unixSeconds());
  }

  /** @param seconds null: there is none */
  noteOldestUnplacedCall(seconds: number | null): void {
    this.oldestUnplacedCall?.set(seconds ?? 0);
  }

  private gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.registry] });
  }

  private counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.registry] });
  }
}

/** By the clock of the machine when the process began, and its steady clock since. */
const unixSeconds = (): number => (performance.timeOrigin + performance.now()) / 1_000;
