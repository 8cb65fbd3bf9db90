import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  InvalidDatetimeError,
  InvalidTimezoneError,
  PastScheduledTimeError,
  quoted,
  StartTooFarError,
} from './schedule.errors.js';
import { TimezoneService } from './timezone.service.js';

/** Any, half surrogate pairs included. */
const codeUnit = fc.nat(0xffff).map((code) => String.fromCharCode(code));

const TEN_IN_NEW_YORK = new TimezoneService().resolve({
  startTime: '2025-03-01T10:00:00',
  timezone: 'America/New_York',
});

describe('refusals of a schedule', () => {
  it('past: says what was asked, in UTC and as the local clock shows it', () => {
    const error = new PastScheduledTimeError(TEN_IN_NEW_YORK);
    expect(error.code).toBe('past_scheduled_time');
    expect(error.message).toBe(
      'The start must be in the future, and 2025-03-01T15:00:00Z (2025-03-01T10:00:00-05:00[America/New_York]) is not.',
    );
    expect(error.facts).toEqual({
      startsAt: '2025-03-01T15:00:00Z',
      localStartTime: '2025-03-01T10:00:00-05:00[America/New_York]',
    });
  });

  it('too far: says how far is allowed', () => {
    const error = new StartTooFarError(366);
    expect(error).toBeInstanceOf(InvalidDatetimeError);
    expect(error).toMatchObject({ code: 'invalid_datetime', reason: 'too_far' });
    expect(error.message).toBe(
      "The start must be at most 366 days ahead. Use a date and time in the shape '2025-03-01T10:00:00'.",
    );
    expect(error.facts).toEqual({ reason: 'too_far', maxScheduleDays: 366 });
  });

  it('zone: a text too long to be one is not echoed', () => {
    expect(new InvalidTimezoneError('x'.repeat(64)).message).toContain(`'${'x'.repeat(64)}'`);
    expect(new InvalidTimezoneError('x'.repeat(65)).message).toBe(
      "Invalid timezone of 65 characters. Use an IANA time zone name such as 'America/New_York', 'Asia/Karachi' or 'UTC'.",
    );
  });
});

describe('an echo', () => {
  it.each([
    ['line breaks', 'a\r\nb', "'ab'"],
    ['escape sequences', '\u001b[31mred', "'[31mred'"],
    ['C1 controls', 'a\u0085b', "'ab'"],
    ['line and paragraph separators', 'a\u2028b\u2029c', "'abc'"],
    ['marks that turn the direction of writing', 'a\u202Eb', "'ab'"],
    ['half a surrogate pair', 'a\uD800b', "'ab'"],
  ])('is without %s', (_what, text, echo) => {
    expect(quoted(text)).toBe(echo);
  });

  it('is the text itself otherwise', () => {
    expect(quoted('America/São Paulo 😀')).toBe("'America/São Paulo 😀'");
  });

  it('is one short line, whatever was sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: codeUnit, maxLength: 200 }), (text) => {
        expect(quoted(text)).toMatch(/^('[^\p{Cc}]{0,64}'|of \d+ characters)$/u);
      }),
    );
  });
});
