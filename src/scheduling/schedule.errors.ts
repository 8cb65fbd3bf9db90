import type { ResolvedSchedule } from '../batch-jobs/schedule.js';
import { DomainError } from '../shared/domain-error.js';
import { toUtc } from '../shared/utc.js';
import { suggestZones } from './zone-suggestions.js';

/** Why a start time is refused. Stable: clients branch on it. */
export type DatetimeReason =
  | 'missing'
  | 'format'
  | 'out_of_range'
  | 'offset_mismatch'
  | 'nonexistent_local_time'
  | 'ambiguous_local_time'
  | 'too_far';

const MAX_ECHO_LENGTH = 64;

/** The caller's text for a sentence, in single quotes; only its length when long. Without characters that steer a terminal or a log. */
export const quoted = (text: string): string =>
  text.length > MAX_ECHO_LENGTH
    ? `of ${text.length} characters`
    : `'${text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '')}'`;

/** The start time cannot be read, or means no instant or two. */
export class InvalidDatetimeError extends DomainError {
  readonly code = 'invalid_datetime';

  /**
   * @param problem a sentence: what is wrong with the time
   * @param facts `suggestions`: times near it, in RFC 9557 form, that would be accepted
   */
  constructor(
    readonly reason: DatetimeReason,
    problem: string,
    facts: Readonly<Record<string, unknown>> & { readonly suggestions?: readonly string[] } = {},
  ) {
    const instead = facts.suggestions?.map((time) => `'${time}'`).join(' or ');
    const advice = instead ? `Use ${instead}, or another time` : 'Use a date and time';
    super(`${problem} ${advice} in the shape '2025-03-01T10:00:00'.`, { reason, ...facts });
  }
}

/** Further ahead than the deployment allows (`MAX_SCHEDULE_DAYS`). */
export class StartTooFarError extends InvalidDatetimeError {
  constructor(maxScheduleDays: number) {
    super('too_far', `The start must be at most ${maxScheduleDays} days ahead.`, { maxScheduleDays });
  }
}

/** Not the name of a zone in the zone data. */
export class InvalidTimezoneError extends DomainError {
  readonly code = 'invalid_timezone';

  constructor(timezone: string) {
    const suggestions = suggestZones(timezone);
    super(
      `Invalid timezone ${quoted(timezone)}. Use an IANA time zone name such as 'America/New_York', 'Asia/Karachi' or 'UTC'.`,
      suggestions.length > 0 ? { suggestions } : {},
    );
  }
}

/** The start time carries the name of one zone, and another was given beside it. */
export class ConflictingTimezonesError extends DomainError {
  readonly code = 'invalid_timezone';

  constructor(timezone: string, suffix: string) {
    super(
      `Invalid timezone '${timezone}' for a start time in '${suffix}'. Give one of the two, or the same IANA time zone ` +
        `name twice, such as 'America/New_York', 'Asia/Karachi' or 'UTC'.`,
      { suggestions: [suffix] },
    );
  }
}

/** The instant that the start time means is not after now. */
export class PastScheduledTimeError extends DomainError {
  readonly code = 'past_scheduled_time';

  constructor({ startsAt, localStartTime }: ResolvedSchedule) {
    super(`The start must be in the future, and ${toUtc(startsAt)} (${localStartTime}) is not.`, {
      startsAt: toUtc(startsAt),
      localStartTime,
    });
  }
}

/** Timers can be repaired in Redis only. */
export class RedisUnavailableError extends DomainError {
  readonly code = 'redis_unavailable';

  constructor() {
    super(
      'Redis cannot be reached at the moment, so its timers were not repaired, or not all. No start is lost: each is ' +
        'kept in the database and made without its timer. Try again when Redis answers.',
    );
  }
}
