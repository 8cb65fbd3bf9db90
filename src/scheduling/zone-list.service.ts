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

// Anybody may ask, and 600 zones take some 20 ms: it is done once a minute.
const KEPT_MS = 60_000;

/** Tells which zones there are. Reads no database. */
@Injectable()
export class ZoneListService {
  private kept: ZoneList | null = null;

  constructor(
    private readonly timezones: TimezoneService,
    private readonly clock: Clock,
  ) {}

  /** The offsets are at most a minute old; `asOf` tells. */
  list(): ZoneList {
    const asOf = this.clock.now();
    const ageMs = this.kept ? asOf.getTime() - this.kept.asOf.getTime() : Infinity;
    if (this.kept && ageMs >= 0 && ageMs < KEPT_MS) return this.kept;
    this.kept = { tzdbVersion: this.timezones.tzdbVersion, asOf, zones: this.timezones.listZones(asOf) };
    return this.kept;
  }

  versions(): ZoneDataVersions {
    return { tzdbVersion: this.timezones.tzdbVersion, runtimeTzdbVersion: process.versions.tz ?? 'none' };
  }
}
