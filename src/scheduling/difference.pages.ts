import { Injectable } from '@nestjs/common';
import { ScheduleRepository } from '../batch-jobs/schedule.repository.js';
import type { StartPosition } from '../batch-jobs/schedule.statements.js';
import { SCAN_BEGINNING, type FiringTimes } from '../queue/delayed-set.js';
import { SchedulerGateway, wakeUpId } from '../queue/scheduler.gateway.js';
import { Clock } from '../shared/clock.js';
import { batchJobIdOf, compare, type Difference } from './schedule.comparison.js';

// Starts or wake-ups that are compared at one time: 500 take Redis half a millisecond, and PostgreSQL two (bench/README.md).
const PAGE = 500;

/** What one page of one side has of differences. */
export interface Page<Position> {
  readonly differences: readonly Difference[];
  /** How many starts, or wake-ups, were looked at. */
  readonly looked: number;
  /** Where the next page begins. Null: this was the last one. */
  readonly next: Position | null;
}

/**
 * Compares Redis with PostgreSQL, and changes nothing: a page of starts with the wake-ups that they should have, or a page
 * of wake-ups with the starts that should want them. Nothing is ever read whole, and a page costs the same however many
 * there are.
 *
 * Whatever is called a difference was read from Redis first, and from PostgreSQL after. A wake-up is set after its commit,
 * so one that the rows do not want by then is of the past, never of a move that is just being made; and a start that is
 * still in force then, although Redis had no wake-up for it before, has none, or one that is just being set.
 *
 * Every method answers null when Redis does not, and throws `unavailable` when PostgreSQL cannot be reached.
 */
@Injectable()
export class DifferencePages {
  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly scheduler: SchedulerGateway,
    private readonly clock: Clock,
  ) {}

  /** The starts after that one. Finds every difference but wake-ups that nothing wants. */
  async ofStarts(after: StartPosition): Promise<Page<StartPosition> | null> {
    const starts = await this.schedules.listScheduled(after, PAGE);
    const armed = await this.scheduler.delayed.firingTimes(starts.map((start) => wakeUpId(start)));
    if (!armed) return null;
    // Read the wrong way round: moves that were made between look like differences, and are looked at again.
    const differences = await this.lookAgain(compare(starts, armed, this.clock.now()));
    const last = starts.length === PAGE ? starts[PAGE - 1] : undefined;
    return differences && { differences, looked: starts.length, next: last ?? null };
  }

  /** The wake-ups that fire first, up to an instant: a page at most. */
  async ofNextWakeUps(until: Date): Promise<readonly Difference[] | null> {
    const armed = await this.scheduler.delayed.listUntil(until, PAGE);
    return armed && this.ofArmed(armed);
  }

  /** Wake-ups in no order: those of a walk that began at `SCAN_BEGINNING`. Finds those that nothing wants, or at another time. */
  async ofWakeUps(from: string): Promise<Page<string> | null> {
    const page = await this.scheduler.delayed.scan(from, PAGE);
    if (!page) return null;
    const next = page.next === SCAN_BEGINNING ? null : page.next;
    return { differences: await this.ofArmed(page.armed), looked: page.armed.size, next };
  }

  /**
   * Everything, page by page: what each has of differences, each once unless it is changed meanwhile.
   *
   * @param count is told of each page of starts how many there were
   * @returns null, and then nothing more, when Redis does not answer
   */
  async *all(count: (starts: number) => void = () => undefined): AsyncGenerator<readonly Difference[] | null> {
    for (let after: StartPosition | null = { startsAt: this.clock.at(0), batchJobId: '' }; after;) {
      const page: Page<StartPosition> | null = await this.ofStarts(after);
      if (page) count(page.looked);
      yield page && page.differences;
      after = page && page.next;
      if (!page) return;
    }
    for (let from: string | null = SCAN_BEGINNING; from;) {
      const page: Page<string> | null = await this.ofWakeUps(from);
      // What is wrong about a start was found by the start.
      yield page && page.differences.filter(({ kind }) => kind === 'timer_unwanted');
      from = page && page.next;
    }
  }

  /** @returns those of the given differences that are still there */
  async lookAgain(differences: readonly Difference[]): Promise<readonly Difference[] | null> {
    if (differences.length === 0) return [];
    const names = new Set(differences.map((difference) => nameOf(difference)));
    const ids = differences.map(({ queueJobId }) => queueJobId);
    const armed = await this.scheduler.delayed.firingTimes(ids);
    if (!armed) return null;
    const found = await this.ofArmed(armed, ids);
    return found.filter((difference) => names.has(nameOf(difference)));
  }

  /** @param queueJobIds of wake-ups, armed or not, whose starts are compared as well */
  private async ofArmed(
    armed: FiringTimes,
    queueJobIds: readonly string[] = [...armed.keys()],
  ): Promise<readonly Difference[]> {
    const now = this.clock.now();
    const batchJobIds = new Set(queueJobIds.flatMap((queueJobId) => batchJobIdOf(queueJobId) ?? []));
    const starts = batchJobIds.size > 0 ? await this.schedules.listScheduledOf([...batchJobIds]) : [];
    const asked = new Set(queueJobIds);
    return compare(
      starts.filter((start) => asked.has(wakeUpId(start))),
      armed,
      now,
    );
  }
}

const nameOf = ({ kind, queueJobId }: Difference): string => `${kind} ${queueJobId}`;
