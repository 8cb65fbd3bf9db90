import moment from 'moment-timezone';
import type { Resolution } from '../batch-jobs/schedule.js';

/** One zone of the IANA data. */
export interface Zone {
  /** Canonical spelling, `'America/New_York'`; a link keeps its own name. */
  readonly name: string;
  /** What its clocks add to UTC at an instant: positive east of Greenwich, whole minutes since 1972. */
  utcOffsetMs(instantMs: number): number;
}

/** The instants that a wall time means: the one at which clocks show it, both of them, or the two around a gap. */
export interface Reading {
  readonly resolution: Resolution;
  /** Equal to `laterMs` when exact. In a gap it reads as much before the change as `laterMs` reads after it. */
  readonly earlierMs: number;
  readonly laterMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What is asked of a set of IANA data: as much of `moment.tz` as is used. */
export interface ZoneData {
  /** `'2026f'`: a later one compares greater, letter by letter. */
  readonly dataVersion: string;
  names(): string[];
  /** `utcOffset` is in minutes and positive west of Greenwich. */
  zone(name: string): { readonly name: string; utcOffset(instantMs: number): number } | null;
}

/** The rules of every zone, in one version of the IANA data. */
export class ZoneRules {
  /** Version of the IANA data, such as `'2026f'`. */
  readonly version: string;
  /** Every zone and link of the data in its canonical spelling, sorted. */
  readonly names: readonly string[];

  private readonly spellings: ReadonlyMap<string, string>;

  constructor(private readonly data: ZoneData) {
    this.version = data.dataVersion;
    this.names = data.names();
    this.spellings = new Map(this.names.map((name) => [name.toLowerCase(), name]));
  }

  /**
   * Finds a zone by its name, in any case. The spelling map stands in front because moment's own lookup also takes
   * `'America_New_York'` for a name.
   */
  find(name: string): Zone | null {
    const spelling = this.spellings.get(name.toLowerCase());
    const rules = spelling === undefined ? null : this.data.zone(spelling);
    return rules && { name: rules.name, utcOffsetMs: (instantMs) => -rules.utcOffset(instantMs) * MINUTE_MS };
  }
}

/** The rules in use, unless a test puts others in their place. */
export const ZONE_RULES = new ZoneRules(moment.tz);

/**
 * Reads a wall time, given as the instant at which a clock in UTC shows it.
 *
 * The offsets in force a day before and a day after it are the only ones it can have: no offset exceeds a day, and no
 * zone changed twice within 48 hours since 1970 (the closest two changes, Boa Vista in 2000, are 167 hours apart).
 */
export const readWallTime = (wallMs: number, zone: Zone): Reading => {
  const before = zone.utcOffsetMs(wallMs - DAY_MS);
  const after = zone.utcOffsetMs(wallMs + DAY_MS);
  const earlierMs = wallMs - Math.max(before, after);
  const laterMs = wallMs - Math.min(before, after);

  const shown = [earlierMs, laterMs].filter((instantMs) => instantMs + zone.utcOffsetMs(instantMs) === wallMs);
  if (shown.length === 0) return { resolution: 'gap', earlierMs, laterMs };
  if (shown.length === 1) return { resolution: 'exact', earlierMs: shown[0], laterMs: shown[0] };
  return { resolution: earlierMs === laterMs ? 'exact' : 'overlap', earlierMs, laterMs };
};
