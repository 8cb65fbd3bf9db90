import { Logger } from '@nestjs/common';
import type { Scheduler } from 'fast-check';
import type { BatchJobId } from '../../src/batch-jobs/batch-job.entity.js';
import { wakeUpId } from '../../src/queue/scheduler.gateway.js';
import type { Caller } from '../../src/shared/caller.js';
import { EVERY_GUARD, type Guards } from './in-memory-schedules.js';
import { simulatedTime } from './simulated-time.js';
import { Witness } from './witness.js';
import { World, type Machine } from './world.js';

Logger.overrideLogger(false);

// An hour before New York's clocks go forward, so that a start may lie on either side.
const BEGINNING = '2026-03-08T06:00:00Z';

const CALLER: Caller = { organizationId: 'org_a', actor: 'key_a', requestId: null };

/** Half a second is what a caller waits for Redis; what is later than that counts as lost. */
const PATIENCE_MS = 500;

// A sweep finds what is due for more than two seconds.
const SWEEP_MS = 2_001;

/** The parts of the start protocol that can be taken away. */
export interface Protocol extends Guards {
  readonly sweeps: boolean;
}

export const PRODUCT: Protocol = { ...EVERY_GUARD, sweeps: true };

export type WorkerName = 'worker 1' | 'worker 2';

/** Takes over when faults are over; its clock is right, as a reconciler's must be to see what is still to come. */
const LAST_WORKER = 'last worker';
type MachineName = 'api' | WorkerName | typeof LAST_WORKER;

/** One history: what clients ask for, what the machines do, what breaks. Nothing here waits; the scheduler goes on. */
export class Simulation {
  readonly world: World;
  readonly witness: Witness;
  private readonly machines = new Map<MachineName, Machine>();
  private readonly skews: Readonly<Record<MachineName, number>>;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly protocol: Protocol,
    skews: Readonly<Record<'api' | WorkerName, number>>,
  ) {
    simulatedTime.set(BEGINNING);
    this.skews = { ...skews, [LAST_WORKER]: 0 };
    this.world = new World(scheduler, protocol);
    this.witness = new Witness(this.world.database);
  }

  create(startsInMs: number | null, maxLateStartMinutes: number | null): void {
    const schedule = startsInMs === null ? null : { startTime: inUtc(startsInMs) };
    const list = {
      validContacts: 1,
      invalidContacts: 0,
      duplicateContacts: 0,
      rejectedRows: [],
      close: async () => {},
    };
    const input = {
      name: 'a batch',
      description: null,
      fromPhoneNumberId: 'phone',
      concurrentCallLimit: 1,
      retryableStatuses: [],
      maxAttempts: 1,
    };
    const created = this.machine('api').batchJobs.create(CALLER, {
      ...input,
      maxLateStartMinutes,
      list: list as never,
      schedule,
    });
    this.listen(created, ({ batchJobId: id, schedule: resolved }) => {
      if (resolved) this.witness.heardSchedule({ id, revision: 1, startsAtMs: resolved.startsAt.getTime() });
    });
  }

  reschedule(job: number, startsInMs: number): void {
    const id = this.pick(job);
    if (!id) return;
    const moved = this.machine('api').rescheduling.reschedule(CALLER, id, { startTime: inUtc(startsInMs) });
    this.listen(moved, ({ start: { revision, startsAt } }) =>
      this.witness.heardSchedule({ id, revision, startsAtMs: startsAt.getTime() }),
    );
  }

  cancel(job: number): void {
    const id = this.pick(job);
    if (id) this.listen(this.machine('api').batchJobs.cancel(CALLER, id), () => this.witness.heardCancel(id));
  }

  startNow(job: number): void {
    const id = this.pick(job);
    if (id) this.listen(this.machine('api').batchJobs.start(CALLER, id), () => undefined);
  }

  /** Any queue job, due or not, taken before or not. */
  deliver(name: WorkerName, pick: number): void {
    const ids = this.world.redis.ids();
    if (ids.length > 0) this.deliverOne(name, ids[pick % ids.length]);
  }

  sweep(name: MachineName): void {
    if (this.protocol.sweeps) this.background(this.machine(name).sweeper.sweep(new AbortController().signal));
  }

  reconcile(name: MachineName): void {
    this.background(this.machine(name).reconciler.reconcile());
  }

  /** The process ends between two steps; another one takes its place. */
  crash(name: MachineName): void {
    this.machines.get(name)?.process.die();
    this.machines.delete(name);
  }

  /**
   * Faults are over, and time goes on: every schedule comes to its end, at its time.
   *
   * @param byTimer the wake-ups that there are get delivered when they are due; else there is nothing but the sweep
   */
  async settle(byTimer: boolean): Promise<void> {
    await this.recover();
    this.checkQueue();
    for (let due = this.nextDue(); due; due = this.nextDue()) {
      const wakeUp = wakeUpId({ batchJobId: due.id, revision: due.revision });
      const hasTimer = byTimer && this.world.redis.ids().includes(wakeUp);
      simulatedTime.pass(Math.max(0, due.startsAtMs + (hasTimer ? 0 : SWEEP_MS) - simulatedTime.nowMs));
      if (hasTimer) this.deliverOne(LAST_WORKER, wakeUp);
      else this.sweep(LAST_WORKER);
      await this.scheduler.waitIdle();
      this.witness.check();
      const { status } = this.world.database.find(due.id) ?? {};
      if (status === 'scheduled') throw new Error(`left alone, a schedule comes to its end: ${JSON.stringify(due)}`);
    }
  }

  /** Where nothing breaks, every schedule has its wake-up without the reconciler; one too many may be left. */
  async checkWakeUps(): Promise<void> {
    await this.scheduler.waitIdle();
    this.witness.check();
    const delayed = this.world.redis.delayed();
    const rows = this.world.database.all().filter(({ status }) => status === 'scheduled');
    const missing = rows.filter(
      (row) => delayed.get(wakeUpId({ batchJobId: row.id, revision: row.revision })) !== row.startsAtMs,
    );
    if (missing.length > 0) throw new Error(`a schedule has its wake-up: ${JSON.stringify(missing)}`);
  }

  private async recover(): Promise<void> {
    const { database, redis } = this.world;
    database.isAway = false;
    redis.isAway = false;
    await this.scheduler.waitIdle();
    simulatedTime.pass(PATIENCE_MS);
    await this.scheduler.waitIdle();
    for (const name of this.machines.keys()) this.crash(name);
    // Bull gives what a dead worker had to another one; and what waits is taken at once.
    for (const id of redis.ids()) if (!redis.delayed().has(id)) this.deliverOne(LAST_WORKER, id);
    await this.scheduler.waitIdle();
    this.reconcile(LAST_WORKER);
    await this.scheduler.waitIdle();
  }

  /** Redis has a wake-up for each schedule that is to come, at its time, and no other; or a worker waits with it. */
  private checkQueue(): void {
    const { database, redis } = this.world;
    const delayed = redis.delayed();
    const rows = database.all().filter(({ status }) => status === 'scheduled');
    const wanted = new Map(rows.map((row) => [wakeUpId({ batchJobId: row.id, revision: row.revision }), row]));
    const isWrong = ([id, atMs]: [string, number]) => wanted.get(id)?.startsAtMs !== atMs;
    const wrong = [...delayed].filter(isWrong);
    const missing = [...wanted].filter(
      ([id, { startsAtMs }]) => Number(startsAtMs) > simulatedTime.nowMs && !redis.ids().includes(id),
    );
    if (wrong.length + missing.length === 0) return;
    throw new Error(`after a reconciliation Redis agrees with the rows: ${JSON.stringify({ wrong, missing })}`);
  }

  private nextDue() {
    const due = this.world.database
      .all()
      .flatMap(({ id, status, revision, startsAtMs }) =>
        status === 'scheduled' && startsAtMs !== null ? [{ id, revision, startsAtMs }] : [],
      );
    return due.toSorted((a, b) => a.startsAtMs - b.startsAtMs).at(0);
  }

  private deliverOne(name: MachineName, id: string): void {
    const { process, wake } = this.machine(name);
    this.background(this.world.redis.deliver(id, process.call, wake));
  }

  private machine(name: MachineName): Machine {
    const found = this.machines.get(name) ?? this.world.machine(name, this.skews[name]);
    this.machines.set(name, found);
    return found;
  }

  private pick(job: number): BatchJobId | undefined {
    const rows = this.world.database.all();
    return rows.at(job % Math.max(1, rows.length))?.id;
  }

  private listen<T>(answer: Promise<T>, heard: (answer: T) => void): void {
    this.background(answer.then(heard));
  }

  private background(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.witness.heardError(error));
  }
}

const inUtc = (fromNowMs: number): string => new Date(simulatedTime.nowMs + fromNowMs).toISOString();
