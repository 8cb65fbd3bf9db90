import { Injectable } from '@nestjs/common';
import type { Disambiguation, ResolvedSchedule, Schedule } from '../batch-jobs/schedule.js';
import { toUtc } from '../shared/utc.js';
import { isDaylightSaving, showsUtc } from './daylight-saving.js';
import { formatLocalStartTime, formatUtcOffset } from './local-time.js';
import { ConflictingTimezonesError, InvalidTimezoneError } from './schedule.errors.js';
import { parseStartTime, type StartTime } from './start-time.grammar.js';
import { WallTime, type Chosen } from './wall-time.js';
import { cautionOf } from './zone-cautions.js';
import { ZONE_RULES, ZoneRules, type Zone } from './zone-rules.js';

/** A zone at one instant. */
export interface ZoneAt {
  /** Canonical spelling. */
  readonly name: string;
  /** `'-05:00'`. */
  readonly utcOffset: string;
  /** See `isDaylightSaving`. */
  readonly isDaylightSaving: boolean;
}

const LOST_PLUS = `A space was read as the '+' of the offset; in a URL write '+' as '%2B'.`;

/**
 * Turns what a person chose, a wall time and a zone, into the instant to act on, and back.
 *
 * Rules come from the IANA data in `moment-timezone` alone: the runtime's own are older, and differ between machines.
 * Answers depend on the arguments and that data; neither the clock nor the process's own zone is read.
 */
@Injectable()
export class TimezoneService {
  /** Version of the zone rules in use, such as `'2026f'`. */
  readonly tzdbVersion: string;

  constructor(private readonly rules: ZoneRules = ZONE_RULES) {
    this.tzdbVersion = rules.version;
  }

  /**
   * Finds the instant of a start, in the past too: whether it is still ahead is for the caller to say.
   *
   * @throws invalid_datetime  malformed; an offset the zone does not have then; skipped or repeated under `reject`
   * @throws invalid_timezone  no IANA name, or another one than in the start time's suffix
   */
  resolve({ startTime, timezone, disambiguation = 'compatible' }: Schedule): ResolvedSchedule {
    const asked = parseStartTime(startTime);
    const given = this.findGivenZone(timezone, asked.suffix);
    const zone = given ?? UTC;
    const { instantMs, ...chosen } = choose(asked, given, disambiguation);

    return {
      ...chosen,
      startsAt: new Date(instantMs),
      timezone: zone.name,
      localStartTime: formatLocalStartTime(instantMs, zone),
      tzdbVersion: this.tzdbVersion,
      warnings: asked.hasLostPlus ? [LOST_PLUS, ...chosen.warnings] : chosen.warnings,
    };
  }

  /**
   * Says that a wall time without a zone was read as UTC's, and what it would have been in the zone that the batch had.
   *
   * @param zoneBefore IANA name. Null: the batch had none
   * @returns null when a zone or an offset was given, or when clocks in that zone show what UTC's do all the year
   */
  warnOfOmittedZone(
    { startTime, timezone, disambiguation = 'compatible' }: Schedule,
    zoneBefore: string | null,
  ): string | null {
    const zone = zoneBefore === null ? null : this.rules.find(zoneBefore);
    const { wallMs, offsetMs, suffix } = parseStartTime(startTime);
    if (!zone || timezone !== undefined || suffix !== null || offsetMs !== null) return null;

    const wallTime = new WallTime(wallMs, zone);
    // Nothing is refused here: the start is read as UTC, where every wall time exists once.
    const { instantMs } = wallTime.choose(disambiguation === 'reject' ? 'compatible' : disambiguation);
    if (showsUtc(instantMs, zone)) return null;
    const there = `${formatLocalStartTime(instantMs, zone)}, ${toUtc(new Date(instantMs))} in UTC`;
    return `${wallTime.localTime} was read in UTC, as no timezone was given; in ${zone.name}, the batch's timezone before, it would have been ${there}.`;
  }

  /**
   * Finds the canonical spelling of a zone's name, given in any case.
   *
   * @throws invalid_timezone  not an IANA name
   */
  canonicalName(timezone: string): string {
    return this.getZone(timezone).name;
  }

  /** Whether it is an IANA name of the data, in any case. */
  knows(timezone: string): boolean {
    return this.rules.find(timezone) !== null;
  }

  /**
   * Reads an instant as a clock in the zone shows it, RFC 9557: `'2025-03-01T10:00:00-05:00[America/New_York]'`.
   * Milliseconds are printed only when they are not zero.
   *
   * @throws invalid_timezone  not an IANA name
   */
  localStartTime(startsAt: Date, timezone: string): string {
    return formatLocalStartTime(startsAt.getTime(), this.getZone(timezone));
  }

  /**
   * Reads an RFC 3339 time with `Z` or an offset, by the grammar of a start time: years 1970 to 2037, fraction cut to
   * milliseconds. Null for anything else, a wall time or a zone suffix included.
   */
  parseInstant(text: string): Date | null {
    try {
      const { wallMs, offsetMs, suffix } = parseStartTime(text);
      return offsetMs === null || suffix !== null ? null : new Date(toInstantMs(wallMs, offsetMs));
    } catch {
      return null; // The grammar refuses by throwing; the reason is of no use here.
    }
  }

  /** @throws invalid_timezone  not an IANA name */
  zoneAt(instant: Date, timezone: string): ZoneAt {
    const zone = this.getZone(timezone);
    const instantMs = instant.getTime();
    return {
      name: zone.name,
      utcOffset: formatUtcOffset(zone.utcOffsetMs(instantMs)),
      isDaylightSaving: isDaylightSaving(instantMs, zone),
    };
  }

  /** Every name there is with its offset at an instant, sorted by name. */
  listZones(at: Date): Pick<ZoneAt, 'name' | 'utcOffset'>[] {
    return this.rules.names.map((name) => ({
      name,
      utcOffset: formatUtcOffset(this.getZone(name).utcOffsetMs(at.getTime())),
    }));
  }

  private getZone(name: string): Zone {
    const zone = this.rules.find(name);
    if (!zone) throw new InvalidTimezoneError(name);
    return zone;
  }

  /** The zone named by the parameter or the suffix. Null when there is neither. */
  private findGivenZone(timezone: string | undefined, suffix: string | null): Zone | null {
    const parameter = timezone === undefined ? null : this.getZone(timezone);
    const inText = suffix === null ? null : this.getZone(suffix);
    if (parameter && inText && parameter.name !== inText.name) {
      throw new ConflictingTimezonesError(parameter.name, inText.name);
    }
    return parameter ?? inText;
  }
}

/** Where no zone is named. The same in every version of the rules. */
const UTC: Zone = { name: 'UTC', utcOffsetMs: () => 0 };

const toInstantMs = (wallMs: number, offsetMs: number | 'Z'): number => (offsetMs === 'Z' ? wallMs : wallMs - offsetMs);

/** `given` is null when no zone was named: then a wall time is UTC's, and an offset alone makes an instant. */
const choose = (
  { wallMs, offsetMs }: StartTime,
  given: Zone | null,
  disambiguation: Disambiguation,
): Chosen & Pick<ResolvedSchedule, 'localTime'> => {
  if (offsetMs === 'Z' || (offsetMs !== null && !given)) {
    const instantMs = toInstantMs(wallMs, offsetMs);
    return { instantMs, localTime: null, resolution: 'exact', disambiguation, warnings: [] };
  }
  const wallTime = new WallTime(wallMs, given ?? UTC);
  const { localTime } = wallTime;
  if (offsetMs === null) {
    const chosen = wallTime.choose(disambiguation);
    const caution = given && cautionOf(given, chosen.instantMs);
    return { ...chosen, localTime, warnings: caution ? [...chosen.warnings, caution] : chosen.warnings };
  }
  return { ...wallTime.chooseByOffset(offsetMs, disambiguation), localTime };
};
