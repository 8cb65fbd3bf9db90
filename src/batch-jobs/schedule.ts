/** What a skipped or repeated wall time means, in the words of JavaScript's Temporal. */
export const DISAMBIGUATIONS = ['compatible', 'earlier', 'later', 'reject'] as const;
export type Disambiguation = (typeof DISAMBIGUATIONS)[number];

/** How a wall time met the clock: once (`exact`), skipped by a change (`gap`), or repeated by it (`overlap`). */
export type Resolution = 'exact' | 'gap' | 'overlap';

/** A start as a person asks for it. */
export interface Schedule {
  /** ISO 8601: a wall time `'2026-03-09T09:00:00'`, or with `Z`, an offset or an RFC 9557 zone suffix an instant. */
  readonly startTime: string;
  /** IANA name, any case. Undefined: the zone of the suffix if there is one, else UTC. */
  readonly timezone?: string;
  /** @default 'compatible' */
  readonly disambiguation?: Disambiguation;
}

/** A schedule with its instant found: what is stored, and what the caller is told. */
export interface ResolvedSchedule {
  /** The instant to act on, whole milliseconds. */
  readonly startsAt: Date;
  /** Wall time chosen, `'2026-03-09T09:00:00'` (fraction only when not zero). Null when given as an instant: then zone rules cannot move it. */
  readonly localTime: string | null;
  /** IANA name in its canonical spelling; a link stays the link. */
  readonly timezone: string;
  /** The policy to apply again if the zone's rules change: as asked, or the side of an overlap that a stated offset picked. */
  readonly disambiguation: Disambiguation;
  readonly resolution: Resolution;
  /** `startsAt` as read on a clock in `timezone`, RFC 9557: `'2025-03-01T10:00:00-05:00[America/New_York]'`. */
  readonly localStartTime: string;
  /** Version of the zone rules used, such as `'2026f'`. */
  readonly tzdbVersion: string;
  /** One sentence for each choice made on the caller's behalf; empty when nothing was. */
  readonly warnings: readonly string[];
}
