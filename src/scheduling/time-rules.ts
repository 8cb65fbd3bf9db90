import type { WallTimeSchedule } from '../batch-jobs/time-rules.statements.js';
import type { ResolvedSchedule } from '../batch-jobs/schedule.js';
import { DomainError, type ErrorCode } from '../shared/domain-error.js';
import { InvalidDatetimeError } from './schedule.errors.js';
import type { TimezoneService } from './timezone.service.js';

/** What newer zone rules say of a schedule. */
export type RulesVerdict =
  | {
      /** Its wall time means another instant, or the same. */
      readonly outcome: 'moves' | 'stays';
      readonly resolved: ResolvedSchedule;
      /** The rules skip or repeat a wall time that was to be refused then. */
      readonly isRefused: boolean;
    }
  /** The rules do not know the zone, or cannot read the wall time: nothing can be said, and the instant stays. */
  | { readonly outcome: 'unreadable'; readonly code: ErrorCode };

/**
 * Reads a schedule's wall time again.
 *
 * What `reject` would refuse is taken as `compatible`: the wall time was accepted when it was given, nobody is there to
 * be asked, and the batch must start at some time.
 */
export const readAgain = (schedule: WallTimeSchedule, timezones: TimezoneService): RulesVerdict => {
  try {
    return judge(schedule, resolve(schedule, timezones), false);
  } catch (error) {
    if (isRefusal(error))
      return judge(schedule, resolve({ ...schedule, disambiguation: 'compatible' }, timezones), true);
    if (error instanceof DomainError) return { outcome: 'unreadable', code: error.code };
    throw error;
  }
};

const resolve = ({ localTime, timezone, disambiguation }: WallTimeSchedule, timezones: TimezoneService) =>
  timezones.resolve({ startTime: localTime, timezone, disambiguation });

const judge = ({ startsAt }: WallTimeSchedule, resolved: ResolvedSchedule, isRefused: boolean): RulesVerdict => ({
  outcome: resolved.startsAt.getTime() === startsAt.getTime() ? 'stays' : 'moves',
  resolved,
  isRefused,
});

/** Only `reject` refuses a wall time for what the clock does then. */
const isRefusal = (error: unknown): boolean =>
  error instanceof InvalidDatetimeError && ['nonexistent_local_time', 'ambiguous_local_time'].includes(error.reason);
