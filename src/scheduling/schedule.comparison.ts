import { isBatchJobId } from '../batch-jobs/batch-jobs.repository.js';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import type { ScheduledStart } from '../batch-jobs/batch-job.changes.js';
import type { ListedStart } from '../batch-jobs/schedule.statements.js';
import { wakeUpId } from '../queue/scheduler.gateway.js';

// Bull keeps whole milliseconds: a wake-up farther off than this was set by a faulty clock.
const TOLERANCE_MS = 1_000;

// What is promised with Redis gone (docs/reliability.md): a start that is later has no worker at it.
const START_BOUND_MS = 15_000;

/**
 * `timer_missing`: a start ahead that nothing would wake for. `timer_at_another_time`: one whose wake-up fires more than
 * a second off. `timer_unwanted`: a wake-up that no schedule in force wants. `start_overdue`: due for more than 15 s by
 * PostgreSQL's clock, and not started.
 */
export const DIFFERENCE_KINDS = ['timer_missing', 'timer_at_another_time', 'timer_unwanted', 'start_overdue'] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

interface DifferenceOf<Kind extends DifferenceKind, Start, FiresAt> {
  readonly kind: Kind;
  readonly queueJobId: string;
  /** As PostgreSQL has it. Null: no schedule in force has this wake-up. */
  readonly start: Start;
  /** When the wake-up fires. Null: there is none in the delayed set. */
  readonly firesAt: FiresAt;
}

/** One thing in which Redis differs from what PostgreSQL wants, or a start that nobody makes. */
export type Difference =
  | DifferenceOf<'timer_missing', ScheduledStart, null>
  | DifferenceOf<'timer_at_another_time', ScheduledStart, Date>
  | DifferenceOf<'timer_unwanted', null, Date>
  | DifferenceOf<'start_overdue', ScheduledStart, Date | null>;

/**
 * Compares schedules in force with wake-ups that wait: a page of either side, with what the other side has of it. The one
 * comparison: what is reported is what is repaired.
 *
 * @param armed read before the rows were: a wake-up in it was committed before, so one that no row wants is of the past,
 *   never of a move that is just being made
 * @param now when `armed` was read, by the clock that wake-ups are set by
 */
export function compare(
  scheduled: readonly ListedStart[],
  armed: ReadonlyMap<string, Date>,
  now: Date,
): readonly Difference[] {
  const differences: Difference[] = [];
  const unwanted = new Map(armed);
  for (const start of scheduled) {
    const queueJobId = wakeUpId(start);
    unwanted.delete(queueJobId);
    const difference = judge(start, queueJobId, armed.get(queueJobId) ?? null, now);
    if (difference) differences.push(difference);
  }
  for (const [queueJobId, firesAt] of unwanted) {
    differences.push({ kind: 'timer_unwanted', queueJobId, start: null, firesAt });
  }
  return differences;
}

/** Whether a wake-up fires when it should. */
export const isInTime = (startsAt: Date, firesAt: Date): boolean =>
  Math.abs(firesAt.getTime() - startsAt.getTime()) <= TOLERANCE_MS;

/** The batch that a wake-up is for. Null: no batch has such a wake-up. */
export const batchJobIdOf = (queueJobId: string): BatchJobId | null => {
  const [id, revision, ...more] = queueJobId.split('.');
  return isBatchJobId(id) && /^r\d+$/.test(revision ?? '') && more.length === 0 ? id : null;
};

/** What is due has fired or is about to; the sweep sees to it, and no wake-up is missed. */
const judge = (start: ListedStart, queueJobId: string, firesAt: Date | null, now: Date): Difference | null => {
  if (start.dueForMs > START_BOUND_MS) return { kind: 'start_overdue', queueJobId, start, firesAt };
  if (start.startsAt <= now) return null;
  if (firesAt === null) return { kind: 'timer_missing', queueJobId, start, firesAt };
  return isInTime(start.startsAt, firesAt) ? null : { kind: 'timer_at_another_time', queueJobId, start, firesAt };
};
