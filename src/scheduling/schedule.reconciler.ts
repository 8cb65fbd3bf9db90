import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StartPosition } from '../batch-jobs/schedule.statements.js';
import { SCAN_BEGINNING } from '../queue/delayed-set.js';
import { SchedulerGateway } from '../queue/scheduler.gateway.js';
import { Clock } from '../shared/clock.js';
import { Metrics } from '../shared/metrics.js';
import { DifferencePages, type Page } from './difference.pages.js';
import { readMark, writeMark } from './reconciliation.mark.js';
import type { Difference } from './schedule.comparison.js';

// What starts within this is compared in every round, as far as two pages go.
const NEAR_MS = 10 * 60_000;
const NEAR_PAGES = 2;

// A round that finds page after page to repair ends after this, and the next one begins at once: with what is near.
const ROUND_MS = 2_000;

// Of one script: fifty wake-ups hold Redis for a millisecond or two (bench/README.md).
const REPAIRED_AT_ONCE = 50;

/** What was repaired. */
export interface Reconciled {
  /** Wake-ups that were missing or at another time, and are set. */
  readonly armed: number;
  /** Wake-ups that no schedule wanted, and are gone. */
  readonly removed: number;
}

/** What one round did. */
export interface Round extends Reconciled {
  /** The last page had something to repair, so the next one may have as well. */
  readonly isBehind: boolean;
}

/** What a round is at. */
interface Work {
  armed: number;
  removed: number;
  isBehind: boolean;
  /** By the process's steady clock. */
  readonly endsAt: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes Redis agree with PostgreSQL: a wake-up for every schedule that is to come, and no other. Any number of rounds may
 * run at once, in any process; the recurring ones are those of `ReconciliationLoop`.
 */
@Injectable()
export class ScheduleReconciler {
  private readonly logger = new Logger(ScheduleReconciler.name);

  constructor(
    private readonly pages: DifferencePages,
    private readonly scheduler: SchedulerGateway,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  /**
   * One round: what is near, and a page of everything. Near are the starts of the next ten minutes, up to two pages, and
   * further ones as long as something is to be repaired; and the wake-ups that fire first. The walk through everything goes
   * on where the last round left it, whichever worker made that, and page after page as long as something is to be repaired.
   *
   * How far it has come is kept in Redis: one that loses its data is looked through from the beginning, what is due first.
   *
   * @returns null when Redis stopped answering or the signal rose; the next round goes on
   */
  async reconcile(signal?: AbortSignal): Promise<Round | null> {
    const left = await this.scheduler.readMark();
    if (!left) return null;
    if (left.mark === null) this.logger.log('redis was empty');
    const now = this.clock.now();
    const beginning: StartPosition = { startsAt: now, batchJobId: '' };
    const near = this.clock.at(now.getTime() + NEAR_MS);
    const work: Work = { armed: 0, removed: 0, isBehind: false, endsAt: performance.now() + ROUND_MS, signal };

    const ahead = await this.goThrough(beginning, (from) => this.pages.ofStarts(from), work, {
      isEnough: (next, looked) => next.startsAt > near || looked >= NEAR_PAGES,
    });
    const nextWakeUps = ahead && (await this.pages.ofNextWakeUps(near));
    if (!nextWakeUps || !(await this.repairAll(nextWakeUps, work))) return null;

    const mark = (left.mark !== null && readMark(left.mark, this.clock)) || null;
    const from = mark?.starts ?? ahead.next ?? beginning;
    const starts = await this.goThrough(from, (at) => this.pages.ofStarts(at), work);
    const wakeUps =
      starts && (await this.goThrough(mark?.wakeUps ?? SCAN_BEGINNING, (at) => this.pages.ofWakeUps(at), work));
    if (!wakeUps) return null;

    const reached = { starts: starts.next ?? beginning, wakeUps: wakeUps.next ?? SCAN_BEGINNING };
    if (!(await this.scheduler.leaveMark(writeMark(reached)))) return null;
    return { armed: work.armed, removed: work.removed, isBehind: work.isBehind };
  }

  /**
   * Everything, page by page, however long it takes.
   *
   * @returns null when Redis stopped answering
   */
  async repair(): Promise<Reconciled | null> {
    const work: Work = { armed: 0, removed: 0, isBehind: false, endsAt: Infinity, signal: undefined };
    for await (const differences of this.pages.all()) {
      const begun = performance.now();
      if (!differences || !(await this.repairAll(differences, work))) return null;
      if (differences.length > 0) await this.rest(begun);
    }
    return { armed: work.armed, removed: work.removed };
  }

  /**
   * Page after page, until one has nothing to repair and it is enough, the end is reached, or the round is over.
   *
   * @param isEnough by default one page is
   * @returns where the next page begins; null when Redis stopped answering or the signal rose
   */
  private async goThrough<Position>(
    from: Position,
    read: (from: Position) => Promise<Page<Position> | null>,
    work: Work,
    { isEnough = () => true }: { isEnough?: (next: Position, pages: number) => boolean } = {},
  ): Promise<{ readonly next: Position | null } | null> {
    for (let at = from, pages = 1; ; pages += 1) {
      const begun = performance.now();
      const page = await read(at);
      if (!page || !(await this.repairAll(page.differences, work))) return null;
      const { next, differences } = page;
      if (next === null || (differences.length === 0 && isEnough(next, pages))) return { next };
      if (performance.now() > work.endsAt) {
        work.isBehind = true;
        return { next };
      }
      if (differences.length > 0) await this.rest(begun, work.signal);
      at = next;
    }
  }

  /** For as long as it has worked: what others ask of both servers meanwhile is answered as ever. */
  private async rest(begun: number, signal?: AbortSignal): Promise<void> {
    await sleep(performance.now() - begun, undefined, { signal }).catch(() => undefined);
  }

  /** @returns false when Redis stopped answering or the signal rose. An overdue start needs no wake-up: the sweep sees to it */
  private async repairAll(differences: readonly Difference[], work: Work): Promise<boolean> {
    const starts = differences.flatMap(({ kind, start }) => (kind === 'start_overdue' || !start ? [] : [start]));
    const unwanted = differences.flatMap(({ kind, queueJobId }) => (kind === 'timer_unwanted' ? [queueJobId] : []));
    return (
      (await this.repairSome('armed', starts, (some) => this.scheduler.renewAll(some), work)) &&
      (await this.repairSome('removed', unwanted, (some) => this.scheduler.forgetAll(some), work))
    );
  }

  private async repairSome<T>(
    action: keyof Reconciled,
    all: readonly T[],
    repair: (some: readonly T[]) => Promise<number | null>,
    work: Work,
  ): Promise<boolean> {
    for (let at = 0; at < all.length; at += REPAIRED_AT_ONCE) {
      const repaired = work.signal?.aborted ? null : await repair(all.slice(at, at + REPAIRED_AT_ONCE));
      if (repaired === null) return false;
      work[action] += repaired;
      this.metrics.countReconciled(action, repaired);
    }
    return true;
  }
}
