import type { Clock } from '../../shared/clock.js';

/** A longer one is cut: what a provider says tomorrow is worth more than what it said yesterday. */
const LONGEST_MS = 86_400_000;

// RFC 9110, section 5.6.7: the one form that is to be sent.
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads the header `Retry-After`: seconds, `'120'`, or a time, `'Sun, 06 Nov 1994 08:49:37 GMT'` (RFC 9110, section
 * 10.2.3).
 *
 * @returns milliseconds from the time of the clock, 0 to a day; null without a header, or for what cannot be read
 */
export function readRetryAfter(header: string | undefined, clock: Clock): number | null {
  const text = header?.trim() ?? '';
  const ms = /^\d{1,12}$/.test(text) ? Number(text) * 1_000 : msUntil(text, clock);
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_MS);
}

const msUntil = (text: string, clock: Clock): number =>
  HTTP_DATE.test(text) ? Date.parse(text) - clock.now().getTime() : Number.NaN;
