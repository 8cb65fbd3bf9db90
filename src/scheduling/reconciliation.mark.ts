import type { StartPosition } from '../batch-jobs/schedule.statements.js';
import type { Clock } from '../shared/clock.js';

/** How far the walk through everything has come: by the starts, and by the wake-ups. */
export interface ReconciliationMark {
  readonly starts: StartPosition;
  /** See `DelayedSet.scan`. */
  readonly wakeUps: string;
}

const FORM = /^(\d{1,15}) (\S+) (\d{1,20})$/;

export const writeMark = ({ starts, wakeUps }: ReconciliationMark): string =>
  `${starts.startsAt.getTime()} ${starts.batchJobId || '-'} ${wakeUps}`;

/** Null for what is no mark: the walk begins anew. */
export const readMark = (text: string, clock: Clock): ReconciliationMark | null => {
  const [, startsAtMs, batchJobId, wakeUps] = FORM.exec(text) ?? [];
  if (startsAtMs === undefined) return null;
  return {
    starts: { startsAt: clock.at(Number(startsAtMs)), batchJobId: batchJobId === '-' ? '' : batchJobId },
    wakeUps,
  };
};
