import type { BatchJob } from '../batch-jobs/batch-job.entity.js';
import type { CallHabits, Course } from '../batch-jobs/estimate.statements.js';
import { summarize, type StatusCounts } from '../batch-jobs/status-counts.js';
import type { Clock } from '../shared/clock.js';
import type { Settings } from '../shared/settings.js';
import {
  expectedEnd,
  expectedRetries,
  firstCalls,
  firstCallsEnd,
  type CallPattern,
  type Wave,
} from './calling-model.js';

const MINUTE_MS = 60_000;

// Fewer calls say too little of how many are repeated.
const FEWEST_CALLS = 50;

type EstimateSettings = Pick<Settings, 'averageCallMinutes' | 'costPerMinuteDollars' | 'retryDelaysMinutes'>;

/** What a batch is likely to take, and cost if every contact is called once. */
export interface Estimate {
  /** On the average, with the retries that the organization's calls have needed of late; whole when there were any. */
  readonly minutes: number;
  readonly dollars: number;
}

export const estimate = (
  contacts: number,
  { concurrentCallLimit, maxAttempts }: Pick<BatchJob, 'concurrentCallLimit' | 'maxAttempts'>,
  habits: CallHabits,
  { averageCallMinutes, costPerMinuteDollars, retryDelaysMinutes }: EstimateSettings,
): Estimate => {
  // An organization whose limit is 0 is held for now: how long, nobody knows.
  const slots = Math.min(concurrentCallLimit, habits.concurrentCallLimit || concurrentCallLimit);
  const retryShare = habits.calls < FEWEST_CALLS ? 0 : habits.retried / habits.calls;
  const pattern = { retryShare, maxAttempts, retryDelays: retryDelaysMinutes, callLength: averageCallMinutes };
  const end = firstCallsEnd(contacts, pattern, (calls) => Math.ceil(calls / slots) * averageCallMinutes);
  const minutes = expectedEnd(firstCalls(contacts, end), pattern);
  return {
    minutes: retryShare === 0 ? minutes : Math.max(1, Math.round(minutes)),
    dollars: contacts * averageCallMinutes * costPerMinuteDollars,
  };
};

/** A batch that may be running. */
export type RunningJob = Pick<BatchJob, 'status' | 'startedAt' | 'totalContacts'>;

/** Whether there is anything to estimate: it runs, and somebody has ended. */
export const isUnderWay = ({ status, startedAt }: RunningJob, counts: StatusCounts): boolean =>
  status === 'running' && startedAt !== null && summarize(counts).contactsProcessed > 0;

/**
 * When a running batch will be done, on the average: at the pace of its calls so far, without its pauses, and with the
 * retries that are to come. Never before a retry that is known.
 *
 * @param course null: the batch is gone
 * @returns null while it does not run or nothing is processed
 */
export const estimateCompletion = (
  job: RunningJob,
  counts: StatusCounts,
  course: Course | null,
  clock: Clock,
  { averageCallMinutes, retryDelaysMinutes }: EstimateSettings,
): Date | null => {
  if (!course || !job.startedAt || !isUnderWay(job, counts)) return null;
  const { calls, retried, maxAttempts, callMs, pausedMs } = course;
  const pattern: CallPattern = {
    retryShare: calls === 0 ? 0 : retried / calls,
    maxAttempts,
    retryDelays: retryDelaysMinutes,
    callLength: callMs === null ? averageCallMinutes : callMs / MINUTE_MS,
  };
  const nowMs = clock.now().getTime();
  const ranMinutes = Math.max(0, nowMs - job.startedAt.getTime() - pausedMs) / MINUTE_MS;
  const minutesPerCall = ranMinutes / callsMade(job, counts, course);
  const minutes = minutesLeft(counts.pending ?? 0, openWaves(counts, course, nowMs, pattern), pattern, minutesPerCall);
  return clock.at(nowMs + Math.ceil(minutes * MINUTE_MS));
};

/** Calls so far, those in progress as halves. Where no call is known, every contact that has ended counts for one. */
const callsMade = ({ totalContacts }: RunningJob, counts: StatusCounts, course: Course): number => {
  const { pending = 0, dialing = 0 } = counts;
  const ended =
    course.calls === 0
      ? summarize(counts).contactsProcessed
      : ((totalContacts - pending) * course.calls) / course.sampledContacts;
  return ended + dialing / 2;
};

/** Those whose calls have begun, each known one standing for as many as there are. */
const openWaves = (counts: StatusCounts, { open }: Course, nowMs: number, { callLength }: CallPattern): Wave[] => {
  const [dialing, queued] = [
    open.filter(({ dueAtMs }) => dueAtMs === null),
    open.filter(({ dueAtMs }) => dueAtMs !== null),
  ];
  return [
    // A call in progress has half of its length before it.
    ...dialing.map(({ attempts }) => ({
      contacts: (counts.dialing ?? 0) / dialing.length,
      endsIn: callLength / 2,
      attempts,
    })),
    ...queued.map(({ attempts, dueAtMs }) => ({
      contacts: (counts.queued ?? 0) / queued.length,
      endsIn: Math.max(0, Number(dueAtMs) - nowMs) / MINUTE_MS + callLength,
      attempts: attempts + 1,
    })),
  ];
};

/** The longer one of what the calls take at the pace so far, and what the last contact has to wait for. */
const minutesLeft = (pending: number, open: readonly Wave[], pattern: CallPattern, minutesPerCall: number): number => {
  const callsOf = ({ contacts, attempts }: Wave): number =>
    contacts * (1 + expectedRetries(pattern.maxAttempts - attempts, pattern));
  const dueWithin = (minutes: number): number =>
    open.reduce((sum, { contacts, endsIn }) => (endsIn <= minutes ? sum + contacts : sum), 0);
  const firstEnd = firstCallsEnd(pending, pattern, (calls) => calls * minutesPerCall, dueWithin);
  const waves = [...firstCalls(pending, firstEnd), ...open];
  const work = waves.reduce((sum, wave) => sum + callsOf(wave), 0) * minutesPerCall;
  return Math.max(work, expectedEnd(waves, pattern));
};
