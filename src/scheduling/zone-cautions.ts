import { formatUtcOffset } from './local-time.js';
import type { Zone } from './zone-rules.js';

/** Zones that are called after the winter time of a place and keep it in summer, and what changes as people expect. */
const WITHOUT_SUMMER: ReadonlyMap<string, string> = new Map([
  ['EST', 'America/New_York'],
  ['MST', 'America/Denver'],
]);

/** `'GMT'`, `'Etc/GMT0'`, `'Greenwich'`: what London's clocks show in winter. */
const GREENWICH = /^(Etc\/)?(GMT([+-]?0)?|Greenwich)$/;

/** `'Etc/GMT+5'` is five hours behind UTC, as POSIX has it, and not ahead, as everybody else does. */
const SIGNED = /^Etc\/GMT([+-])([1-9]\d?)$/;
// Behind UTC the data go as far as `Etc/GMT+12`.
const MAX_HOURS_BEHIND = 12;

const reversed = (sign: string, hours: number): string => {
  const isBehind = sign === '+';
  const sentence = `its sign is reversed, and it is ${hours} h ${isBehind ? 'behind' : 'ahead of'} UTC`;
  if (hours > MAX_HOURS_BEHIND) return sentence;
  return `${sentence}; for ${hours} h ${isBehind ? 'ahead of' : 'behind'} UTC give Etc/GMT${isBehind ? '-' : '+'}${hours}`;
};

const meaningOf = (name: string): string | null => {
  const place = GREENWICH.test(name) ? 'Europe/London' : WITHOUT_SUMMER.get(name);
  if (place !== undefined) return `it never changes its clocks; for those that change in summer give ${place}`;
  if (name === 'HST') return 'it never changes its clocks, as Pacific/Honolulu never does';
  const [, sign, hours] = SIGNED.exec(name) ?? [];
  return sign === undefined ? null : reversed(sign, Number(hours));
};

/**
 * A sentence for a zone that is easily taken for another: one that never changes its clocks though a place of that name
 * does, or whose sign is the other way round. Null for every other.
 */
export const cautionOf = (zone: Zone, instantMs: number): string | null => {
  const meaning = meaningOf(zone.name);
  return meaning === null
    ? null
    : `${zone.name} has the offset ${formatUtcOffset(zone.utcOffsetMs(instantMs))}: ${meaning}.`;
};
