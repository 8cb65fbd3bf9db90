import { describe, expect, it } from '@jest/globals';
import { isDaylightSaving } from './daylight-saving.js';
import { ZONE_RULES, type Zone } from './zone-rules.js';

const at = (instant: string, name: string): boolean =>
  isDaylightSaving(Date.parse(instant), ZONE_RULES.find(name) as Zone);

describe('daylight saving', () => {
  it.each([
    ['America/New_York', '2027-07-01T12:00:00Z', true],
    ['America/New_York', '2027-01-01T12:00:00Z', false],
    ['Australia/Sydney', '2027-01-01T12:00:00Z', true],
    ['Australia/Sydney', '2027-07-01T12:00:00Z', false],
    ['Australia/Lord_Howe', '2027-01-01T12:00:00Z', true],
    ['Antarctica/Troll', '2027-07-01T12:00:00Z', true],
  ])('in %s at %s: %s', (name, instant, expected) => {
    expect(at(instant, name)).toBe(expected);
  });

  it.each([
    ['2027-03-14T06:59:59.999Z', false],
    ['2027-03-14T07:00:00Z', true],
    ['2027-11-07T05:59:59.999Z', true],
    ['2027-11-07T06:00:00Z', false],
  ])('begins and ends in New York when clocks change: at %s it is %s', (instant, expected) => {
    expect(at(instant, 'America/New_York')).toBe(expected);
  });

  it('is summer in Dublin, as people say, and not the winter that IANA marks', () => {
    expect([at('2027-07-01T12:00:00Z', 'Europe/Dublin'), at('2027-01-01T12:00:00Z', 'Europe/Dublin')]).toEqual([
      true,
      false,
    ]);
  });

  it('is the time outside of Ramadan in Morocco as it was until 2026, and never again after that', () => {
    expect(['2025-03-15T12:00:00Z', '2025-05-15T12:00:00Z'].map((each) => at(each, 'Africa/Casablanca'))).toEqual([
      false,
      true,
    ]);
    expect(at('2027-07-01T12:00:00Z', 'Africa/Casablanca')).toBe(false);
  });

  it.each(['UTC', 'Asia/Karachi', 'Asia/Tokyo'])('never is in %s, which keeps its offset', (name) => {
    for (let month = 0; month < 12; month += 1)
      expect(at(new Date(Date.UTC(2027, month)).toISOString(), name)).toBe(false);
  });

  it('ends for good where a zone gives up changing its clocks', () => {
    expect(at('2026-07-01T12:00:00Z', 'America/Vancouver')).toBe(true);
    expect(at('2026-12-01T16:00:00Z', 'America/Vancouver')).toBe(false);
    expect(at('2027-07-01T12:00:00Z', 'America/Vancouver')).toBe(false);
  });
});
