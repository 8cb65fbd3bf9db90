import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { InvalidDatetimeError, type DatetimeReason } from './schedule.errors.js';
import { parseStartTime, type StartTime } from './start-time.grammar.js';
import { runsOf } from '../../test/support/long-run.js';

/** Any, half surrogate pairs included. */
const codeUnit = fc.nat(0xffff).map((code) => String.fromCharCode(code));

const MINUTE_MS = 60_000;
const TEN = Date.UTC(2025, 2, 1, 10);
const WALL_TIME: StartTime = { wallMs: TEN, offsetMs: null, suffix: null, hasLostPlus: false };

/** What the grammar makes of a text: its meaning, or the reason of its refusal. Any other error goes through. */
const read = (text: string): StartTime | DatetimeReason => {
  try {
    return parseStartTime(text);
  } catch (error) {
    if (error instanceof InvalidDatetimeError) return error.reason;
    throw error;
  }
};

describe('the grammar of a start time', () => {
  it.each<[string, Partial<StartTime>]>([
    ['2025-03-01T10:00:00', {}],
    ['2025-03-01T10:00', {}],
    ['2025-03-01t10:00:00', {}],
    ['2025-03-01 10:00:00', {}],
    ['2025-03-01T10:00:00.5', { wallMs: TEN + 500 }],
    ['2025-03-01T10:00:00.007', { wallMs: TEN + 7 }],
    ['2025-03-01T10:00:00.9999999', { wallMs: TEN + 999 }],
    ['1970-01-01T00:00:01.005', { wallMs: 1005 }],
    ['2037-12-31T23:59:59', { wallMs: Date.UTC(2037, 11, 31, 23, 59, 59) }],
    ['2028-02-29T10:00:00', { wallMs: Date.UTC(2028, 1, 29, 10) }],
    ['2025-03-01T10:00:00Z', { offsetMs: 'Z' }],
    ['2025-03-01T10:00:00z', { offsetMs: 'Z' }],
    ['2025-03-01T10:00:00-00:00', { offsetMs: 'Z' }],
    ['2025-03-01T10:00:00+00:00', { offsetMs: 0 }],
    ['2025-03-01T10:00:00+05:00', { offsetMs: 300 * MINUTE_MS }],
    ['2025-03-01T10:00:00-0500', { offsetMs: -300 * MINUTE_MS }],
    ['2025-03-01T10:00:00+05', { offsetMs: 300 * MINUTE_MS }],
    ['2025-03-01T10:00+05:45', { offsetMs: 345 * MINUTE_MS }],
    ['2025-03-01T10:00:00 05:00', { offsetMs: 300 * MINUTE_MS, hasLostPlus: true }],
    ['2025-03-01 10:00 0530', { offsetMs: 330 * MINUTE_MS, hasLostPlus: true }],
    ['2025-03-01T10:00:00 00:00', { offsetMs: 0, hasLostPlus: true }],
    ['2025-03-01T10:00:00-05:00[America/New_York]', { offsetMs: -300 * MINUTE_MS, suffix: 'America/New_York' }],
    ['2025-03-01T10:00:00Z[America/New_York]', { offsetMs: 'Z', suffix: 'America/New_York' }],
    ['2025-03-01T10:00:00[America/New_York]', { suffix: 'America/New_York' }],
    ['2025-03-01T10:00:00Z[!UTC]', { offsetMs: 'Z', suffix: 'UTC' }],
  ])('reads %s', (text, meaning) => {
    expect(parseStartTime(text)).toEqual({ ...WALL_TIME, ...meaning });
  });

  it.each<[DatetimeReason, string, string]>([
    ['missing', 'nothing', ''],
    ['missing', 'spaces', '  '],
    ['format', 'a date only', '2025-03-01'],
    ['format', 'an hour only', '2025-03-01T10'],
    ['format', 'a week date', '2025-W09-6T10:00:00'],
    ['format', 'an ordinal date', '2025-060T10:00:00'],
    ['format', 'the basic format', '20250301T100000'],
    ['format', 'trailing text', '2025-03-01T10:00:00 please'],
    ['format', 'a trailing line break', '2025-03-01T10:00:00\n'],
    ['format', 'a leading space', ' 2025-03-01T10:00:00'],
    ['format', 'two spaces', '2025-03-01  10:00:00'],
    ['format', 'Arabic digits', '٢٠٢٥-٠٣-٠١T١٠:٠٠:٠٠'],
    ['format', 'full-width digits', '２０２５-03-01T10:00:00'],
    ['format', 'a comma before the fraction', '2025-03-01T10:00:00,5'],
    ['format', 'an empty fraction', '2025-03-01T10:00:00.'],
    ['format', 'a five-digit year', '12025-03-01T10:00:00'],
    ['format', 'a signed year', '+2025-03-01T10:00:00'],
    ['format', 'a one-digit month', '2025-3-01T10:00:00'],
    ['format', 'an offset with seconds', '2025-03-01T10:00:00+05:00:30'],
    ['format', 'an abbreviation', '2025-03-01T10:00:00 EST'],
    ['format', 'an empty suffix', '2025-03-01T10:00:00Z[]'],
    ['format', 'two suffixes', '2025-03-01T10:00:00Z[UTC][u-ca=gregory]'],
    ['format', 'words', 'tomorrow at nine'],
    ['format', 'epoch milliseconds', '1740823200000'],
    ['out_of_range', '30 February', '2025-02-30T10:00:00'],
    ['out_of_range', '29 February of a common year', '2025-02-29T10:00:00'],
    ['out_of_range', 'day 0', '2025-03-00T10:00:00'],
    ['out_of_range', 'day 32', '2025-03-32T10:00:00'],
    ['out_of_range', 'month 0', '2025-00-01T10:00:00'],
    ['out_of_range', 'month 13', '2025-13-01T10:00:00'],
    ['out_of_range', '24:00', '2025-03-01T24:00:00'],
    ['out_of_range', 'minute 60', '2025-03-01T10:60:00'],
    ['out_of_range', 'second 60', '2016-12-31T23:59:60Z'],
    ['out_of_range', 'the year before the first', '1969-12-31T23:59:59'],
    ['out_of_range', 'the year after the last', '2038-01-01T00:00:00'],
    ['out_of_range', 'an offset of 24 hours', '2025-03-01T10:00:00+24:00'],
    ['out_of_range', 'an offset of 60 minutes', '2025-03-01T10:00:00+05:60'],
  ])('refuses, reason %s: %s', (reason, _what, text) => {
    expect(read(text)).toBe(reason);
  });

  it('names the part that is out of range, and what it may be', () => {
    expect(() => parseStartTime('2025-03-01T25:00:00')).toThrow(
      "Invalid start time '2025-03-01T25:00:00': its hour must be from 00 to 23. " +
        "Use a date and time in the shape '2025-03-01T10:00:00'.",
    );
    expect(() => parseStartTime('2016-12-31T23:59:60Z')).toThrow(': its second must be from 00 to 59.');
    expect(() => parseStartTime('2025-02-30T10:00:00')).toThrow(': 2025-02 has no day 30.');
    expect(() => parseStartTime('2025-03-01T10:00:00+24:00')).toThrow(': its offset hour must be from 00 to 23.');
  });
});

/** RFC 3339, 5.6 and RFC 9557, 4.1 read character by character, with the liberties of the tables above. */
class Oracle {
  private at = 0;
  private isInRange = true;

  constructor(private readonly text: string) {}

  read(): StartTime | DatetimeReason {
    if (this.text.trim() === '') return 'missing';
    try {
      const meaning = this.dateTime();
      return this.isInRange ? meaning : 'out_of_range';
    } catch {
      return 'format';
    }
  }

  private dateTime(): StartTime {
    const year = this.number(4, 1970, 2037);
    this.take('-');
    const month = this.number(2, 1, 12);
    this.take('-');
    const isLeapYear = year % 4 === 0; // 2000 is one, too.
    const day = this.number(2, 1, [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 31);
    this.take('Tt ');
    const hour = this.number(2, 0, 23);
    this.take(':');
    const minute = this.number(2, 0, 59);
    let [second, fraction] = [0, ''];
    if (this.isAt(':')) {
      this.take(':');
      second = this.number(2, 0, 59);
      if (this.isAt('.')) {
        this.take('.');
        do fraction += this.take('0123456789');
        while (this.isAt('0123456789'));
      }
    }
    const millisecond = Math.floor(Number(`${fraction}000`.slice(0, 3)));
    const wallMs = Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
    const hasLostPlus = this.isAt(' ');
    const offsetMs = this.offset();
    const suffix = this.suffix();
    if (this.at < this.text.length) throw new Error('trailing text');
    return { wallMs, offsetMs, suffix, hasLostPlus };
  }

  private offset(): StartTime['offsetMs'] {
    if (!this.isAt('Zz+- ')) return null;
    const sign = this.take('Zz+- ');
    if (sign === 'Z' || sign === 'z') return 'Z';
    const hours = this.number(2, 0, 23);
    let minutes = 0;
    if (this.isAt(':')) {
      this.take(':');
      minutes = this.number(2, 0, 59);
    } else if (this.isAt('0123456789')) {
      minutes = this.number(2, 0, 59);
    }
    if (sign === '-') return hours + minutes === 0 ? 'Z' : -(hours * 3600_000 + minutes * MINUTE_MS);
    return hours * 3600_000 + minutes * MINUTE_MS;
  }

  private suffix(): string | null {
    if (!this.isAt('[')) return null;
    const inside = this.text.slice(this.at + 1, -1);
    const name = inside.startsWith('!') && inside.length > 1 ? inside.slice(1) : inside;
    if (!this.text.endsWith(']') || name === '' || /[[\]]/.test(name)) throw new Error('suffix');
    this.at = this.text.length;
    return name;
  }

  private isAt(characters: string): boolean {
    return this.at < this.text.length && characters.includes(this.text[this.at]);
  }

  private take(characters: string): string {
    if (!this.isAt(characters)) throw new Error(`one of ${characters}`);
    return this.text[this.at++];
  }

  private number(digits: number, first: number, last: number): number {
    let text = '';
    while (text.length < digits) text += this.take('0123456789');
    if (Number(text) < first || Number(text) > last) this.isInRange = false;
    return Number(text);
  }
}

const one = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const maybe = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(fc.constant(''), part);
const joined = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.join(''));
const number = (digits: number, min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((value) => String(value).padStart(digits, '0'));

describe('the grammar, against an oracle', () => {
  /** Mostly valid, with parts that overstep their range by a little. */
  const startTime = joined(
    joined(number(4, 1968, 2039), one('-'), number(2, 0, 13), one('-'), number(2, 0, 32)),
    one('T', 't', ' '),
    joined(number(2, 0, 24), one(':'), number(2, 0, 60)),
    maybe(joined(one(':'), number(2, 0, 60), maybe(joined(one('.'), fc.stringMatching(/^[0-9]{1,12}$/))))),
    maybe(one('Z', 'z').chain((z) => one(z, '-00:00', '-0000', '-00', '+00'))),
    maybe(joined(one('+', '-', ' '), number(2, 0, 24), maybe(joined(one('', ':'), number(2, 0, 60))))),
    maybe(one('[America/New_York]', '[!UTC]', '[]', '[!]', '[+05:00]', '[u-ca=gregory]')),
  );
  const character = fc.oneof(
    one(...Array.from('0123456789-:TtZz+. []!')),
    fc.string({ unit: codeUnit, minLength: 1, maxLength: 1 }),
  );
  const mutated = fc
    .tuple(startTime, fc.nat(40), fc.nat(2), maybe(character))
    .map(([text, at, removed, added]) => text.slice(0, at) + added + text.slice(at + removed));

  it('accepts what the RFCs allow, and means the same', () => {
    fc.assert(
      fc.property(startTime, (text) => expect(read(text)).toEqual(new Oracle(text).read())),
      { numRuns: runsOf(3000) },
    );
  });

  it('judges texts with a slip in them as the RFCs do', () => {
    fc.assert(
      fc.property(mutated, (text) => expect(read(text)).toEqual(new Oracle(text).read())),
      { numRuns: runsOf(3000) },
    );
  });

  it('refuses any other text with a reason, and throws nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: codeUnit }), (text) => expect(['missing', 'format']).toContain(read(text))),
    );
  });

  it('is not slowed down by a long text', () => {
    const { user } = process.cpuUsage();
    expect(read(`2025-03-01T10:00:00.${'0'.repeat(1_000_000)}x`)).toBe('format');
    expect(read(`2025-03-01T10:00:00Z[${'a'.repeat(1_000_000)}`)).toBe('format');
    expect(process.cpuUsage().user - user).toBeLessThan(1_000_000);
  });
});
