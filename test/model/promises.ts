import type { Step } from './explore.js';
import { CANCELLED, LATE_LIMIT, MISSED, RUNNING, SCHEDULED, startOf, type StartState } from './start-state.js';

export const LEFT_ALONE_IT_ENDS = 'left alone, a schedule comes to its end';

/** The safety half of the promise. */
export type SafetyPromise =
  | 'a batch starts at most once'
  | 'nothing starts after a cancel was answered'
  | 'nothing starts before its time'
  | 'nothing starts after its late limit'
  | 'no superseded wake-up starts anything'
  | 'what has ended stays ended'
  | 'revisions only grow'
  | 'running means started'
  | 'a schedule has a time'
  | 'nothing is given up within its late limit';

/** @returns every safety promise that a transition breaks, the gravest first */
export function brokenPromises(from: StartState, step: Step<StartState>): SafetyPromise[] {
  const { to } = step;
  const broken: SafetyPromise[] = [];
  if (to.starts > from.starts) broken.push(...brokenByStart(from, step));
  if ((from.status === CANCELLED || from.status === MISSED) && to.status !== from.status) {
    broken.push('what has ended stays ended');
  }
  if (to.revision < from.revision) broken.push('revisions only grow');
  if (to.status === RUNNING && to.starts === 0) broken.push('running means started');
  if (to.status === SCHEDULED && (to.starts > 0 || startOf(to, to.revision) === 0))
    broken.push('a schedule has a time');
  if (to.status === MISSED && from.status === SCHEDULED && from.now <= startOf(from, from.revision) + LATE_LIMIT) {
    broken.push('nothing is given up within its late limit');
  }
  return broken;
}

function brokenByStart(from: StartState, { kind, to }: Step<StartState>): SafetyPromise[] {
  const broken: SafetyPromise[] = [];
  if (to.starts > 1) broken.push('a batch starts at most once');
  if (from.isCancelAnswered !== 0) broken.push('nothing starts after a cancel was answered');
  // A start now has no time to wait for.
  if (kind === 'request') return broken;
  const startsAt = startOf(from, from.revision);
  if (from.now < startsAt) broken.push('nothing starts before its time');
  if (from.now > startsAt + LATE_LIMIT) broken.push('nothing starts after its late limit');
  if (to.startedBy !== from.revision) broken.push('no superseded wake-up starts anything');
  return broken;
}
