import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { TimezoneService, type ZoneAt } from './timezone.service.js';

/** Every zone that a schedule may name. */
export interface ZoneList {
  readonly tzdbVersion: string;
  /** When the offsets were in force. */
  readonly asOf: Date;
  /** Links included, sorted by name. */
  readonly zones: readonly Pick<ZoneAt, 'name' | 'utcOffset'>[];
}

export interface ZoneDataVersions {
  /** Version of the zone rules that starts are computed with. */
  readonly tzdbVersion: string;
  /** Version inside Node.js, which is not used. */
  readonly runtimeTzdbVersion: string;
}

/** Tells which zones there are. Reads no database. */
@Injectable()
export class ZoneListService {
  constructor(
    private readonly timezones: TimezoneService,
    private readonly clock: Clock,
  ) {}

  list(): ZoneList {
    const asOf = this.clock.now();
    return { tzdbVersion: this.timezones.tzdbVersion, asOf, zones: this.timezones.listZones(asOf) };
  }

  versions(): ZoneDataVersions {
    return { tzdbVersion: this.timezones.tzdbVersion, runtimeTzdbVersion: process.versions.tz ?? 'none' };
  }
}
