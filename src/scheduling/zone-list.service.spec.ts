import { describe, expect, it } from '@jest/globals';
import { Clock } from '../shared/clock.js';
import { TimezoneService } from './timezone.service.js';
import { ZoneListService } from './zone-list.service.js';

class SetClock extends Clock {
  current = '2027-03-14T06:59:30Z';

  override now(): Date {
    return new Date(this.current);
  }
}

const newYork = (zones: ZoneListService): string | undefined =>
  zones.list().zones.find(({ name }) => name === 'America/New_York')?.utcOffset;

describe('the list of zones', () => {
  it('is made once a minute, whoever asks', () => {
    const clock = new SetClock();
    const zones = new ZoneListService(new TimezoneService(), clock);
    const first = zones.list();

    clock.current = '2027-03-14T07:00:29.999Z';
    expect(zones.list()).toBe(first);
    expect(first.asOf).toEqual(new Date('2027-03-14T06:59:30Z'));

    clock.current = '2027-03-14T07:00:30Z';
    expect(newYork(zones)).toBe('-04:00');
    expect(zones.list().asOf).toEqual(new Date('2027-03-14T07:00:30Z'));
  });

  it('is made again when the clock was set back', () => {
    const clock = new SetClock();
    const zones = new ZoneListService(new TimezoneService(), clock);
    clock.current = '2027-07-01T00:00:00Z';
    expect(newYork(zones)).toBe('-04:00');

    clock.current = '2027-01-01T00:00:00Z';

    expect(newYork(zones)).toBe('-05:00');
  });
});
