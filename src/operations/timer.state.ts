import { isInTime } from '../scheduling/schedule.comparison.js';
import type { QueueJob } from '../queue/scheduler.gateway.js';

/**
 * A timer beside its start. `armed`: it waits, and fires in time. `missing`: none waits for a start ahead. `differs`: it
 * waits for another time. `fired`: the start is due and no timer waits any more. `unknown`: Redis does not answer.
 */
export const TIMER_STATES = ['armed', 'missing', 'differs', 'fired', 'unknown'] as const;
export type TimerState = (typeof TIMER_STATES)[number];

/** Judges as the reconciler does: what is `missing` or `differs` here, it sets again. */
export const timerStateOf = (startsAt: Date, queueJob: QueueJob | null | 'unknown', now: Date): TimerState => {
  if (queueJob === 'unknown') return 'unknown';
  if (!queueJob?.isDelayed) return startsAt <= now ? 'fired' : 'missing';
  return isInTime(startsAt, queueJob.firesAt) ? 'armed' : 'differs';
};
