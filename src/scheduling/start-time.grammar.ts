import { toDate } from 'date-fns-tz';
import { InvalidDatetimeError, quoted } from './schedule.errors.js';

/** What the text of a start time says, before any zone rule is asked. */
export interface StartTime {
  /** The wall time, as the instant at which a clock in UTC shows it. */
  readonly wallMs: number;
  /** Positive east of Greenwich. `'Z'`: the instant is known, local time is not. Null: the text has only a wall time. */
  readonly offsetMs: number | 'Z' | null;
  /** Name in the RFC 9557 suffix, unchecked. Null without one. */
  readonly suffix: string | null;
  /** Where the offset stands after a space: a `+` that was not escaped in a URL. */
  readonly hasLostPlus: boolean;
}

/**
 * RFC 3339 with the zone suffix of RFC 9557, and with seconds and offset optional, `T` or one space between date and
 * time, and offsets also as `-0500` and `+05`. `!` marks the suffix as critical, which it is to us anyway.
 */
const START_TIME = new RegExp(
  [
    /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[Tt ]/,
    /(?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d+))?)?/,
    /(?<offset>[Zz]|(?<sign>[-+ ])(?<offsetHour>\d\d)(?::?(?<offsetMinute>\d\d))?)?/,
    /(?:\[!?(?<suffix>[^[\]]+)\])?$/,
  ]
    .map(({ source }) => source)
    .join(''),
);

/**
 * Years: earlier ones have passed, and the zone data ends with 2037. A second of 60 is a leap second, which neither
 * JavaScript nor PostgreSQL can hold.
 */
const RANGES = [
  ['year', '1970', '2037'],
  ['month', '01', '12'],
  ['hour', '00', '23'],
  ['minute', '00', '59'],
  ['second', '00', '59'],
  ['offsetHour', '00', '23'],
  ['offsetMinute', '00', '59'],
] as const;

const MINUTE_MS = 60_000;

/** RFC 3339, 4.3: `-00:00` says what `Z` says, that the instant is known and the local offset is not. */
const parseOffsetMs = ({
  offset,
  sign,
  offsetHour,
  offsetMinute = '0',
}: Record<string, string>): number | 'Z' | null => {
  if (offset === undefined) return null;
  const minutes = sign ? Number(offsetHour) * 60 + Number(offsetMinute) : 0;
  if (!sign || (sign === '-' && minutes === 0)) return 'Z';
  return (sign === '-' ? -minutes : minutes) * MINUTE_MS;
};

/**
 * Reads the text of a start time. What it means in its zone is for `TimezoneService` to say.
 *
 * A fraction is kept to the millisecond, the rest cut off.
 *
 * @throws invalid_datetime  reason `missing`, `format` or `out_of_range`
 */
export const parseStartTime = (text: string): StartTime => {
  if (text.trim() === '') throw new InvalidDatetimeError('missing', 'The start time is missing.');
  const parts = START_TIME.exec(text)?.groups;
  if (!parts) throw new InvalidDatetimeError('format', `Invalid start time ${quoted(text)}.`);

  const outOfRange = (rule: string): InvalidDatetimeError =>
    new InvalidDatetimeError('out_of_range', `Invalid start time ${quoted(text)}: ${rule}.`);
  // Compared as text: both sides have the same number of digits.
  const broken = RANGES.find(([part, first, last]) => parts[part] < first || parts[part] > last);
  if (broken) {
    const [part, first, last] = broken;
    throw outOfRange(`its ${part.replace('offset', 'offset ').toLowerCase()} must be from ${first} to ${last}`);
  }

  const { year, month, day, hour, minute, second = '00', fraction = '', sign, suffix } = parts;
  // With a `Z`, date-fns-tz reads the text alone; without one it would ask the process's own zone.
  const wholeSecondMs = toDate(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`).getTime();
  if (Number.isNaN(wholeSecondMs)) throw outOfRange(`${year}-${month} has no day ${day}`);

  return {
    wallMs: wholeSecondMs + Number(fraction.slice(0, 3).padEnd(3, '0')),
    offsetMs: parseOffsetMs(parts),
    suffix: suffix ?? null,
    hasLostPlus: sign === ' ',
  };
};
