import type { ZoneList } from '../../scheduling/zone-list.service.js';
import { toUtc } from '../../shared/utc.js';
import { Shown } from '../http/fields.js';

/** One name that `timezone` may have. */
export class TimezoneResponse {
  @Shown('IANA name.', { example: 'America/New_York' }) readonly name: string;
  @Shown('What clocks there add to UTC at `asOf`.', { example: '-05:00' }) readonly utcOffset: string;
}

export class TimezonesResponse {
  @Shown('Version of the IANA data.', { example: '2026f' }) readonly tzdbVersion: string;

  @Shown('When the offsets were in force.', { example: '2027-02-20T16:00:00Z', format: 'date-time' })
  readonly asOf: string;

  @Shown('Every zone, links such as `US/Eastern` included, by name.', { type: [TimezoneResponse] })
  readonly timezones: readonly TimezoneResponse[];

  static of({ tzdbVersion, asOf, zones }: ZoneList): TimezonesResponse {
    return {
      tzdbVersion,
      asOf: toUtc(asOf),
      timezones: zones.map(({ name, utcOffset }) => ({ name, utcOffset })),
    };
  }
}
