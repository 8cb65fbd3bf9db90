import { describe, expect, it } from '@jest/globals';
import { TimezoneService } from './timezone.service.js';
import { ZONE_RULES } from './zone-rules.js';

const timezones = new TimezoneService();
const SUMMER = '2027-07-01T09:00:00';
const warningsOf = (timezone: string, startTime = SUMMER) => timezones.resolve({ startTime, timezone }).warnings;

describe('a zone that is easily taken for another', () => {
  it.each([
    [
      'EST',
      'EST has the offset -05:00: it never changes its clocks; for those that change in summer give America/New_York.',
    ],
    [
      'mst',
      'MST has the offset -07:00: it never changes its clocks; for those that change in summer give America/Denver.',
    ],
    ['HST', 'HST has the offset -10:00: it never changes its clocks, as Pacific/Honolulu never does.'],
    [
      'GMT',
      'GMT has the offset +00:00: it never changes its clocks; for those that change in summer give Europe/London.',
    ],
    [
      'Etc/GMT+5',
      'Etc/GMT+5 has the offset -05:00: its sign is reversed, and it is 5 h behind UTC; for 5 h ahead of UTC give Etc/GMT-5.',
    ],
    [
      'Etc/GMT-3',
      'Etc/GMT-3 has the offset +03:00: its sign is reversed, and it is 3 h ahead of UTC; for 3 h behind UTC give Etc/GMT+3.',
    ],
    ['Etc/GMT-14', 'Etc/GMT-14 has the offset +14:00: its sign is reversed, and it is 14 h ahead of UTC.'],
  ])('is warned of: %s', (timezone, warning) => {
    expect(warningsOf(timezone)).toEqual([warning]);
  });

  it.each(['Greenwich', 'Etc/Greenwich', 'GMT0', 'GMT+0', 'GMT-0', 'Etc/GMT', 'Etc/GMT0', 'Etc/GMT+0', 'Etc/GMT-0'])(
    'is warned of by every name of Greenwich: %s',
    (timezone) => {
      expect(warningsOf(timezone)).toEqual([expect.stringContaining('give Europe/London')]);
    },
  );

  it('is warned of in winter, too, and when it is named in brackets', () => {
    expect(warningsOf('EST', '2027-01-15T09:00:00')).toHaveLength(1);
    expect(timezones.resolve({ startTime: `${SUMMER}[EST]` }).warnings).toHaveLength(1);
  });

  it.each([`${SUMMER}Z`, `${SUMMER}-05:00`])('is not warned of where nobody can be mistaken: %s', (startTime) => {
    expect(warningsOf('EST', startTime)).toEqual([]);
  });

  it('suggests zones only that the data have', () => {
    for (const name of ZONE_RULES.names) {
      const [warning = ''] = warningsOf(name, '2027-05-20T12:00:00');
      const suggested = /give (\S+)\.$/.exec(warning)?.[1];
      expect(suggested === undefined || ZONE_RULES.names.includes(suggested)).toBe(true);
    }
  });

  it.each([
    ['EST5EDT', '-04:00'],
    ['CST6CDT', '-05:00'],
    ['MST7MDT', '-06:00'],
    ['PST8PDT', '-07:00'],
    ['CET', '+02:00'],
    ['MET', '+02:00'],
    ['EET', '+03:00'],
    ['WET', '+01:00'],
  ])('is not %s, which does change its clocks: %s in summer', (timezone, offset) => {
    const { localStartTime, warnings } = timezones.resolve({ startTime: SUMMER, timezone });
    expect(localStartTime).toContain(offset);
    expect(warnings).toEqual([]);
  });

  it.each(['UTC', 'Etc/UTC', 'America/New_York', 'America/Phoenix', 'Pacific/Honolulu', 'Europe/London', 'Singapore'])(
    'is not %s',
    (timezone) => {
      expect(warningsOf(timezone)).toEqual([]);
    },
  );
});
