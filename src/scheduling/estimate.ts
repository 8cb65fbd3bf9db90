import type { BatchJob } from '../batch-jobs/batch-job.entity.js';
import { summarize, type StatusCounts } from '../batch-jobs/status-counts.js';
import type { Clock } from '../shared/clock.js';
import type { Settings } from '../shared/settings.js';

/** What a batch is likely to take and cost, every contact called once. */
export interface Estimate {
  readonly minutes: number;
  readonly dollars: number;
}

export const estimate = (
  contacts: number,
  concurrentCallLimit: number,
  { averageCallMinutes, costPerMinuteDollars }: Pick<Settings, 'averageCallMinutes' | 'costPerMinuteDollars'>,
): Estimate => ({
  minutes: Math.ceil(contacts / concurrentCallLimit) * averageCallMinutes,
  dollars: contacts * averageCallMinutes * costPerMinuteDollars,
});

/**
 * When a running batch will be done at the pace so far: now and, for each contact left, what one has taken until now.
 *
 * @returns null while it does not run or nothing is processed
 */
export const estimateCompletion = (
  { status, startedAt, totalContacts }: Pick<BatchJob, 'status' | 'startedAt' | 'totalContacts'>,
  counts: StatusCounts,
  clock: Clock,
): Date | null => {
  const { contactsProcessed } = summarize(counts);
  if (status !== 'running' || !startedAt || contactsProcessed === 0) return null;
  const now = clock.now().getTime();
  const msPerContact = (now - startedAt.getTime()) / contactsProcessed;
  return clock.at(now + Math.ceil((totalContacts - contactsProcessed) * msPerContact));
};
