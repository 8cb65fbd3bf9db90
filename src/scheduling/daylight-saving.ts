import type { Zone } from './zone-rules.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
const HALF_YEAR_DAYS = 183;

// Shorter than any stretch of time in which a zone kept an offset since 1970 (167 hours), so that none is stepped over.
const STEP_DAYS = 6;

const STEPS = Math.floor(HALF_YEAR_DAYS / STEP_DAYS);
const DAYS_AROUND = Array.from({ length: 2 * STEPS + 1 }, (_, step) => (step - STEPS) * STEP_DAYS);

/** Every offset in force within half a year before and after. */
const offsetsAround = (instantMs: number, zone: Zone): number[] =>
  DAYS_AROUND.map((days) => zone.utcOffsetMs(instantMs + days * DAY_MS));

/**
 * Whether clocks are ahead then of what they show at another time of the year: the offset is greater than the smallest
 * one in force within half a year before and after.
 *
 * The data have offsets and no mark for daylight saving, and IANA's own mark is not what people mean by it: Dublin's
 * winter and Morocco's Ramadan are its “negative” daylight saving time. By this definition summer is daylight saving in
 * Dublin, and so is the year outside of Ramadan in Morocco. Where a zone takes on a smaller offset for good, the half year
 * before counts as daylight saving as well.
 */
export const isDaylightSaving = (instantMs: number, zone: Zone): boolean => {
  const offsetMs = zone.utcOffsetMs(instantMs);
  return offsetsAround(instantMs, zone).some((other) => other < offsetMs);
};

/**
 * Whether clocks show what UTC's do, from half a year before to half a year after: Reykjavik's, and not London's in
 * winter.
 */
export const showsUtc = (instantMs: number, zone: Zone): boolean =>
  offsetsAround(instantMs, zone).every((offsetMs) => offsetMs === 0);
