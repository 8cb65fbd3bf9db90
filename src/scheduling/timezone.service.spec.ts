import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import type { Disambiguation, ResolvedSchedule, Schedule } from '../batch-jobs/schedule.js';
import { DomainError } from '../shared/domain-error.js';
import { toUtc } from '../shared/utc.js';
import { TimezoneService } from './timezone.service.js';
import { ZONE_RULES } from './zone-rules.js';
import { runsOf } from '../../test/support/long-run.js';

/** Any, half surrogate pairs included. */
const codeUnit = fc.nat(0xffff).map((code) => String.fromCharCode(code));

const timezones = new TimezoneService();

const resolve = (startTime: string, timezone?: string, disambiguation?: Disambiguation): ResolvedSchedule =>
  timezones.resolve({ startTime, timezone, disambiguation });

/** The start in UTC, for tables. */
const startOf = (...schedule: Parameters<typeof resolve>): string => toUtc(resolve(...schedule).startsAt);

interface Refusal {
  readonly code: string;
  readonly detail: string;
  readonly reason?: unknown;
  readonly suggestions?: readonly string[];
}

/** Code, sentence and facts of the refusal. Anything else that is thrown goes through. */
const refusalOf = (...schedule: Parameters<typeof resolve>): Refusal => {
  try {
    resolve(...schedule);
  } catch (error) {
    if (error instanceof DomainError) return { code: error.code, detail: error.message, ...error.facts };
    throw error;
  }
  throw new Error('not refused');
};

/** The code of a refusal, or that there was none; the text of any other error. */
const outcomeOf = ({ startTime: asked, timezone, disambiguation }: Schedule): string => {
  try {
    return `resolved, whole milliseconds: ${Number.isInteger(resolve(asked, timezone, disambiguation).startsAt.getTime())}`;
  } catch (error) {
    return error instanceof DomainError ? error.code : String(error);
  }
};

describe('a start as the contract shows it', () => {
  it.each([
    ['2025-03-01T10:00:00', 'America/New_York', '2025-03-01T15:00:00Z'],
    ['2025-03-01T09:00:00', 'UTC', '2025-03-01T09:00:00Z'],
    ['2025-03-01T09:00:00', 'Europe/London', '2025-03-01T09:00:00Z'],
    ['2025-03-02T09:00:00', 'America/New_York', '2025-03-02T14:00:00Z'],
    ['2025-03-01T09:00:00', 'America/Chicago', '2025-03-01T15:00:00Z'],
    ['2025-03-10T10:00:00', 'America/Los_Angeles', '2025-03-10T17:00:00Z'],
  ])('%s in %s is %s', (startTime, timezone, startsAt) => {
    expect(startOf(startTime, timezone)).toBe(startsAt);
  });

  it('comes back with everything that is stored and told', () => {
    expect(resolve('2025-03-01T10:00:00', 'America/New_York')).toEqual({
      startsAt: new Date('2025-03-01T15:00:00Z'),
      localTime: '2025-03-01T10:00:00',
      timezone: 'America/New_York',
      disambiguation: 'compatible',
      resolution: 'exact',
      localStartTime: '2025-03-01T10:00:00-05:00[America/New_York]',
      tzdbVersion: timezones.tzdbVersion,
      warnings: [],
    });
  });

  it('keeps milliseconds, and prints them only when they are not zero', () => {
    const { startsAt, localTime, localStartTime } = resolve('2025-03-01 10:00:00.0509', 'Asia/Karachi');
    expect(startsAt.toISOString()).toBe('2025-03-01T05:00:00.050Z');
    expect(localTime).toBe('2025-03-01T10:00:00.050');
    expect(localStartTime).toBe('2025-03-01T10:00:00.050+05:00[Asia/Karachi]');
    expect(resolve('2025-03-01T10:00').localTime).toBe('2025-03-01T10:00:00');
  });
});

describe('what is accepted', () => {
  it.each<[string, string | undefined, Partial<ResolvedSchedule> & { at: string }]>([
    [
      '2025-03-01T10:00:00',
      undefined,
      { at: '2025-03-01T10:00:00Z', timezone: 'UTC', localTime: '2025-03-01T10:00:00' },
    ],
    ['2025-03-01T10:00:00Z', undefined, { at: '2025-03-01T10:00:00Z', timezone: 'UTC', localTime: null }],
    [
      '2025-03-01T10:00:00Z',
      'Asia/Karachi',
      {
        at: '2025-03-01T10:00:00Z',
        timezone: 'Asia/Karachi',
        localTime: null,
        localStartTime: '2025-03-01T15:00:00+05:00[Asia/Karachi]',
      },
    ],
    ['2025-03-01T10:00:00+05:00', undefined, { at: '2025-03-01T05:00:00Z', timezone: 'UTC', localTime: null }],
    ['2025-03-01T10:00:00-0500', undefined, { at: '2025-03-01T15:00:00Z', timezone: 'UTC', localTime: null }],
    ['2025-03-01T10:00:00+05', undefined, { at: '2025-03-01T05:00:00Z', timezone: 'UTC', localTime: null }],
    [
      '2025-03-01T10:00:00-05:00',
      'America/New_York',
      { at: '2025-03-01T15:00:00Z', timezone: 'America/New_York', localTime: '2025-03-01T10:00:00' },
    ],
    [
      '2025-03-01T10:00:00-05:00[America/New_York]',
      undefined,
      { at: '2025-03-01T15:00:00Z', timezone: 'America/New_York', localTime: '2025-03-01T10:00:00' },
    ],
    [
      '2025-03-01T10:00:00-05:00[america/new_york]',
      'AMERICA/NEW_YORK',
      { at: '2025-03-01T15:00:00Z', timezone: 'America/New_York', localTime: '2025-03-01T10:00:00' },
    ],
    [
      '2025-03-01T10:00:00Z[America/New_York]',
      undefined,
      {
        at: '2025-03-01T10:00:00Z',
        timezone: 'America/New_York',
        localTime: null,
        localStartTime: '2025-03-01T05:00:00-05:00[America/New_York]',
      },
    ],
    [
      '2025-03-01T10:00:00[Asia/Karachi]',
      undefined,
      { at: '2025-03-01T05:00:00Z', timezone: 'Asia/Karachi', localTime: '2025-03-01T10:00:00' },
    ],
  ])('%s, zone %s', (startTime, timezone, { at, ...expected }) => {
    const resolved = resolve(startTime, timezone);
    expect(toUtc(resolved.startsAt)).toBe(at);
    expect(resolved).toMatchObject({ ...expected, resolution: 'exact', disambiguation: 'compatible', warnings: [] });
  });

  it('reads an unescaped plus, and says so', () => {
    expect(startOf('2025-03-01T10:00:00 05:00')).toBe('2025-03-01T05:00:00Z');
    expect(resolve('2025-03-01T10:00:00 05:00', 'Asia/Karachi')).toMatchObject({
      localTime: '2025-03-01T10:00:00',
      warnings: ["A space was read as the '+' of the offset; in a URL write '+' as '%2B'."],
    });
  });

  it.each([
    ['america/new_york', 'America/New_York'],
    ['US/EASTERN', 'US/Eastern'],
    ['asia/calcutta', 'Asia/Calcutta'],
    ['utc', 'UTC'],
    ['etc/gmt+5', 'Etc/GMT+5'],
  ])('the zone %s, spelled %s', (timezone, canonical) => {
    expect(resolve('2025-03-01T10:00:00', timezone).timezone).toBe(canonical);
  });
});

describe('what is refused', () => {
  it.each(['Invalid/Timezone', '+05:00', 'PST', 'GMT+5', 'local', 'America_New_York', ' UTC'])(
    'the zone %j, as a parameter and in a suffix',
    (timezone) => {
      const detail = `Invalid timezone '${timezone}'. Use an IANA time zone name such as 'America/New_York', 'Asia/Karachi' or 'UTC'.`;
      expect(refusalOf('2025-03-01T10:00:00', timezone)).toMatchObject({ code: 'invalid_timezone', detail });
      expect(refusalOf('2025-03-01T10:00:00Z', timezone)).toMatchObject({ code: 'invalid_timezone', detail });
      expect(refusalOf(`2025-03-01T10:00:00[${timezone}]`)).toMatchObject({ code: 'invalid_timezone', detail });
    },
  );

  it('an empty zone: it was given, so it is not UTC', () => {
    expect(refusalOf('2025-03-01T10:00:00', '')).toMatchObject({ code: 'invalid_timezone' });
  });

  it('a near miss of a zone, with what was meant', () => {
    expect(refusalOf('2025-03-01T10:00:00', 'America/NewYork')).toMatchObject({ suggestions: ['America/New_York'] });
    expect(refusalOf('2025-03-01T10:00:00', 'Invalid/Timezone')).not.toHaveProperty('suggestions');
  });

  it('two zones, even when their rules are the same', () => {
    expect(refusalOf('2025-03-01T10:00:00-05:00[US/Eastern]', 'America/New_York')).toEqual({
      code: 'invalid_timezone',
      detail:
        "Invalid timezone 'America/New_York' for a start time in 'US/Eastern'. Give one of the two, or the same IANA " +
        "time zone name twice, such as 'America/New_York', 'Asia/Karachi' or 'UTC'.",
      suggestions: ['US/Eastern'],
    });
  });

  it('an offset that the zone does not have then', () => {
    expect(refusalOf('2025-03-01T10:00:00-04:00', 'America/New_York')).toEqual({
      code: 'invalid_datetime',
      reason: 'offset_mismatch',
      detail:
        'America/New_York does not have the offset -04:00 at 2025-03-01T10:00:00. ' +
        "Use '2025-03-01T10:00:00-05:00[America/New_York]', or another time in the shape '2025-03-01T10:00:00'.",
      suggestions: ['2025-03-01T10:00:00-05:00[America/New_York]'],
    });
    expect(refusalOf('2025-03-01T10:00:00+05:00', 'UTC')).toMatchObject({ reason: 'offset_mismatch' });
    expect(refusalOf('2025-03-01T10:00:00+05:00[UTC]')).toMatchObject({ reason: 'offset_mismatch' });
  });

  it.each(['-05:00', '-04:00'])('a skipped time with the offset %s: in a gap there is none', (offset) => {
    expect(refusalOf(`2026-03-08T02:30:00${offset}`, 'America/New_York', 'later')).toMatchObject({
      reason: 'offset_mismatch',
      suggestions: ['2026-03-08T01:30:00-05:00[America/New_York]', '2026-03-08T03:30:00-04:00[America/New_York]'],
    });
  });

  it('a faulty text, whatever the zone', () => {
    expect(refusalOf('', 'America/New_York')).toMatchObject({ code: 'invalid_datetime', reason: 'missing' });
    expect(refusalOf('2025-03-01', 'America/New_York')).toMatchObject({ code: 'invalid_datetime', reason: 'format' });
    expect(refusalOf('2025-02-30T10:00:00Z')).toMatchObject({ code: 'invalid_datetime', reason: 'out_of_range' });
  });
});

describe('a skipped wall time', () => {
  const GAP = ['2026-03-08T02:30:00', 'America/New_York'] as const;
  const EARLIER = '2026-03-08T01:30:00-05:00[America/New_York]';
  const LATER = '2026-03-08T03:30:00-04:00[America/New_York]';

  it.each<[Disambiguation, string]>([
    ['compatible', LATER],
    ['earlier', EARLIER],
    ['later', LATER],
  ])('%s: %s', (disambiguation, localStartTime) => {
    expect(resolve(...GAP, disambiguation)).toMatchObject({
      localTime: '2026-03-08T02:30:00',
      localStartTime,
      disambiguation,
      resolution: 'gap',
      warnings: [
        `2026-03-08T02:30:00 does not exist in America/New_York, where clocks skip it; ${localStartTime} was taken instead.`,
      ],
    });
  });

  it('reject: refused, with its two neighbours', () => {
    expect(refusalOf(...GAP, 'reject')).toEqual({
      code: 'invalid_datetime',
      reason: 'nonexistent_local_time',
      detail:
        '2026-03-08T02:30:00 does not exist in America/New_York, where clocks skip it. ' +
        `Use '${EARLIER}' or '${LATER}', or another time in the shape '2025-03-01T10:00:00'.`,
      suggestions: [EARLIER, LATER],
    });
  });
});

describe('a repeated wall time', () => {
  const OVERLAP = ['2026-11-01T01:30:00', 'America/New_York'] as const;
  const EARLIER = '2026-11-01T01:30:00-04:00[America/New_York]';
  const LATER = '2026-11-01T01:30:00-05:00[America/New_York]';

  it.each<[Disambiguation, string, string]>([
    ['compatible', 'earlier', EARLIER],
    ['earlier', 'earlier', EARLIER],
    ['later', 'later', LATER],
  ])('%s: the %s one, %s', (disambiguation, side, localStartTime) => {
    expect(resolve(...OVERLAP, disambiguation)).toMatchObject({
      localTime: '2026-11-01T01:30:00',
      localStartTime,
      disambiguation,
      resolution: 'overlap',
      warnings: [
        `2026-11-01T01:30:00 happens twice in America/New_York; the ${side} one, ${localStartTime}, was taken.`,
      ],
    });
  });

  it('reject: refused, with both', () => {
    expect(refusalOf(...OVERLAP, 'reject')).toEqual({
      code: 'invalid_datetime',
      reason: 'ambiguous_local_time',
      detail:
        '2026-11-01T01:30:00 happens twice in America/New_York. ' +
        `Use '${EARLIER}' or '${LATER}', or another time in the shape '2025-03-01T10:00:00'.`,
      suggestions: [EARLIER, LATER],
    });
  });

  it.each<[string, Disambiguation, string]>([
    ['-04:00', 'earlier', EARLIER],
    ['-05:00', 'later', LATER],
  ])(
    'the offset %s picks the %s one whatever the policy, and nothing was chosen for the caller',
    (offset, side, start) => {
      for (const policy of ['compatible', 'earlier', 'later', 'reject'] as const) {
        expect(resolve(`2026-11-01T01:30:00${offset}`, 'America/New_York', policy)).toMatchObject({
          localTime: '2026-11-01T01:30:00',
          localStartTime: start,
          disambiguation: side,
          resolution: 'overlap',
          warnings: [],
        });
      }
    },
  );

  it('an offset that is neither of the two is refused, with both', () => {
    expect(refusalOf('2026-11-01T01:30:00-06:00', 'America/New_York')).toMatchObject({
      reason: 'offset_mismatch',
      suggestions: [EARLIER, LATER],
    });
  });
});

describe('changes that are not of one hour', () => {
  it.each<[string, string, string, string, string]>([
    [
      '30 minutes forward',
      '2026-10-04T02:15:00',
      'Australia/Lord_Howe',
      '2026-10-03T15:15:00Z',
      '2026-10-03T15:45:00Z',
    ],
    ['30 minutes back', '2026-04-05T01:45:00', 'Australia/Lord_Howe', '2026-04-04T14:45:00Z', '2026-04-04T15:15:00Z'],
    ['a day left out', '2011-12-30T12:00:00', 'Pacific/Apia', '2011-12-29T22:00:00Z', '2011-12-30T22:00:00Z'],
    ['base offset back', '2020-12-27T01:30:00', 'Europe/Volgograd', '2020-12-26T21:30:00Z', '2020-12-26T22:30:00Z'],
  ])('%s: %s in %s', (_what, startTime, timezone, earlier, later) => {
    expect(startOf(startTime, timezone, 'earlier')).toBe(earlier);
    expect(startOf(startTime, timezone, 'later')).toBe(later);
  });

  it('Vancouver keeps daylight time from 2026 on', () => {
    expect(resolve('2026-11-02T09:00:00', 'America/Vancouver').localStartTime).toMatch(/-07:00/);
    expect(startOf('2027-01-15T09:00:00', 'America/Vancouver')).toBe('2027-01-15T16:00:00Z');
    expect(resolve('2027-03-14T02:30:00', 'America/Vancouver', 'reject').resolution).toBe('exact');
    expect(startOf('2026-01-15T09:00:00', 'America/Vancouver')).toBe('2026-01-15T17:00:00Z');
  });

  it('an offset with seconds is printed to the minute, and understood again', () => {
    const resolved = resolve('1971-06-01T00:00:00', 'Africa/Monrovia');
    expect(toUtc(resolved.startsAt)).toBe('1971-06-01T00:44:30Z');
    expect(resolved.localStartTime).toBe('1971-06-01T00:00:00-00:45[Africa/Monrovia]');
    expect(resolve(resolved.localStartTime).startsAt).toEqual(resolved.startsAt);
  });
});

describe('the vectors of test/data/local-times.tsv', () => {
  const rows = readFileSync('test/data/local-times.tsv', 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'));

  it('all resolve as listed: earlier, later, compatible', () => {
    expect(rows).toHaveLength(2621);
    const wrong = rows.filter(([timezone, startTime, kind, earlier, later]) => {
      const found = (['earlier', 'later', 'compatible'] as const).map((each) => resolve(startTime, timezone, each));
      const expected = [earlier, later, kind === 'gap' ? later : earlier];
      return !found.every(({ startsAt, resolution }, at) => toUtc(startsAt) === expected[at] && resolution === kind);
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    ['gap', 262, 'nonexistent_local_time'],
    ['overlap', 442, 'ambiguous_local_time'],
  ])('of kind %s are refused by reject, and accepted as suggested', (asked, count, reason) => {
    const met = rows.filter(([, , kind]) => kind === asked);
    expect(met).toHaveLength(count);
    for (const [timezone, startTime, , earlier, later] of met) {
      const refusal = refusalOf(startTime, timezone, 'reject');
      expect(refusal.reason).toBe(reason);
      expect(refusal.suggestions?.map((each) => startOf(each, timezone, 'reject'))).toEqual([earlier, later]);
    }
  });

  it('of kind exact are not refused by reject', () => {
    const exact = rows.filter(([, , kind]) => kind === 'exact');
    expect(exact.map(([timezone, startTime]) => startOf(startTime, timezone, 'reject'))).toEqual(
      exact.map(([, , , earlier]) => earlier),
    );
  });
});

describe('any schedule', () => {
  const instant = fc.date({ min: new Date('1971-01-01'), max: new Date('2037-01-01'), noInvalidDate: true });
  const zone = fc.constantFrom(...ZONE_RULES.names);

  it('printed as local start time, means the same instant again', () => {
    fc.assert(
      fc.property(instant, zone, (startsAt, timezone) => {
        const text = timezones.localStartTime(startsAt, timezone);
        expect(resolve(text, timezone, 'reject')).toMatchObject({ startsAt, timezone, localStartTime: text });
      }),
      { numRuns: runsOf(1000) },
    );
  });

  it('stored as local time, zone and disambiguation, means the same instant again', () => {
    const policy = fc.constantFrom<Disambiguation>('compatible', 'earlier', 'later');
    fc.assert(
      fc.property(instant, zone, policy, fc.boolean(), (at, timezone, disambiguation, withOffset) => {
        const text = timezones.localStartTime(at, timezone);
        const startTime = withOffset ? text : text.replace(/[+-]\d\d:\d\d\[.*/, '');
        const stored = resolve(startTime, timezone, disambiguation);
        const again = resolve(stored.localTime!, stored.timezone, stored.disambiguation);
        expect(again).toEqual({ ...stored, warnings: again.warnings });
      }),
      { numRuns: runsOf(1000) },
    );
  });

  it('is resolved or refused with its code, and nothing else is thrown', () => {
    const text = fc.string({ unit: codeUnit });
    const startTime = fc.oneof(text, fc.constant('2026-03-08T02:30:00'), fc.constant('2026-03-08T02:30:00+05:00'));
    const schedule: fc.Arbitrary<Schedule> = fc.record(
      { startTime, timezone: fc.oneof(text, zone), disambiguation: fc.constantFrom('compatible', 'reject') },
      { requiredKeys: ['startTime'] },
    );
    fc.assert(
      fc.property(schedule, (asked) => {
        expect(['resolved, whole milliseconds: true', 'invalid_datetime', 'invalid_timezone']).toContain(
          outcomeOf(asked),
        );
      }),
      { numRuns: runsOf(500) },
    );
  });
});

describe('local start time', () => {
  it.each([
    ['2025-03-01T15:00:00Z', 'America/New_York', '2025-03-01T10:00:00-05:00[America/New_York]'],
    ['2025-03-01T15:00:00Z', 'UTC', '2025-03-01T15:00:00+00:00[UTC]'],
    ['2025-03-01T15:00:00.250Z', 'asia/kathmandu', '2025-03-01T20:45:00.250+05:45[Asia/Kathmandu]'],
    ['2037-12-31T23:59:59Z', 'Pacific/Kiritimati', '2038-01-01T13:59:59+14:00[Pacific/Kiritimati]'],
  ])('%s in %s is %s', (startsAt, timezone, expected) => {
    expect(timezones.localStartTime(new Date(startsAt), timezone)).toBe(expected);
  });

  it('needs a zone', () => {
    expect(() => timezones.localStartTime(new Date(0), 'PST')).toThrow("Invalid timezone 'PST'");
  });
});

describe('an instant of a list filter', () => {
  it.each([
    ['2025-03-01T15:00:00Z', '2025-03-01T15:00:00Z'],
    ['2025-03-01T15:00:00.250-00:00', '2025-03-01T15:00:00.250Z'],
    ['2025-03-01T10:00:00-05:00', '2025-03-01T15:00:00Z'],
    ['2025-03-01T10:00 05:30', '2025-03-01T04:30:00Z'],
  ])('%s is %s', (text, expected) => {
    expect(toUtc(timezones.parseInstant(text)!)).toBe(expected);
  });

  it.each([
    '',
    '2025-03-01',
    '2025-03-01T10:00:00',
    '2025-03-01T10:00:00Z[UTC]',
    '2025-02-30T10:00:00Z',
    '2038-01-01T00:00Z',
  ])('%j is none', (text) => {
    expect(timezones.parseInstant(text)).toBeNull();
  });
});

describe('a wall time without a zone', () => {
  const warn = (startTime: string, before: string | null) => timezones.warnOfOmittedZone({ startTime }, before);

  it('is warned of with what it would have been in the zone that the batch had', () => {
    expect(warn('2027-07-01 09:00', 'Europe/London')).toBe(
      "2027-07-01T09:00:00 was read in UTC, as no timezone was given; in Europe/London, the batch's timezone before, " +
        'it would have been 2027-07-01T09:00:00+01:00[Europe/London], 2027-07-01T08:00:00Z in UTC.',
    );
  });

  it('is warned of in winter, too, where only summer differs', () => {
    expect(warn('2027-01-15T09:00:00', 'Europe/London')).toContain('2027-01-15T09:00:00Z in UTC');
  });

  it.each([
    ['2027-03-14T02:30:00', '2027-03-14T03:30:00-04:00[America/New_York]'],
    ['2027-11-07T01:30:00', '2027-11-07T01:30:00-04:00[America/New_York]'],
  ])('that a clock change of that zone skips or repeats is warned of: %s', (startTime, there) => {
    const asked = { startTime, disambiguation: 'reject' } as const;
    expect(timezones.warnOfOmittedZone(asked, 'America/New_York')).toContain(there);
  });

  it.each([null, 'UTC', 'Etc/UTC', 'Zulu', 'GMT', 'Africa/Abidjan', 'Atlantic/Reykjavik', 'Mars/Olympus'])(
    'is nothing to tell of when the batch had %s',
    (before) => {
      expect(warn('2027-07-01T09:00:00', before)).toBeNull();
    },
  );
});
