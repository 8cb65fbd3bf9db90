import type { Zone } from './zone-rules.js';

const MINUTE_MS = 60_000;

/** `'2025-03-01T10:00:00'`; milliseconds only when they are not zero. `wallMs`: the instant at which UTC shows it. */
export const formatLocalTime = (wallMs: number): string => new Date(wallMs).toISOString().replace(/(\.000)?Z$/, '');

/**
 * `'-05:00'`, to the nearest minute as RFC 9557 wants it (only Liberia before 1972 had seconds).
 *
 * Arithmetic on purpose, here and above: date-fns-tz formats through the process's own zone even when it is given an
 * explicit offset, and prints 02:30 as 03:30 where the process's clock skips that hour.
 */
export const formatUtcOffset = (offsetMs: number): string => {
  const minutes = Math.round(Math.abs(offsetMs) / MINUTE_MS);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
  return `${offsetMs < 0 ? '-' : '+'}${hours}:${rest}`;
};

/** An instant as a clock in the zone shows it, RFC 9557: `'2025-03-01T10:00:00-05:00[America/New_York]'`. */
export const formatLocalStartTime = (instantMs: number, zone: Zone): string => {
  const offsetMs = zone.utcOffsetMs(instantMs);
  return `${formatLocalTime(instantMs + offsetMs)}${formatUtcOffset(offsetMs)}[${zone.name}]`;
};
