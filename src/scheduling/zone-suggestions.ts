import leven from 'leven';
import { ZONE_RULES } from './zone-rules.js';

const MAX_SUGGESTIONS = 3;
const MAX_NAME_LENGTH = 64;

/** Letters only, without accents: `'América/New York'` and `'America/New_York'` become the same. */
const fold = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/[^a-z]/gi, '')
    .toLowerCase();

const cityOf = (name: string): string => fold(name.slice(name.lastIndexOf('/') + 1));

/**
 * Digits are offsets, and no near miss: `UTC+5` is not nearly `UTC`, and by `GMT+5` people mean five hours ahead of
 * Greenwich, but IANA's `Etc/GMT+5` is five hours behind.
 */
const hasDigit = (name: string): boolean => /\d/.test(name);

const CANDIDATES = ZONE_RULES.names
  .filter((name) => !hasDigit(name))
  .map((name) => ({
    name,
    whole: fold(name),
    city: cityOf(name),
  }));

/** One slip per four letters, three at most. `PST` has none: `EST` and `MST` are as near as anything, and wrong. */
const slips = (from: string, to: string): number => {
  const allowed = Math.min(3, Math.floor(from.length / 4));
  const distance = leven(from, to, { maxDistance: allowed + 1 });
  return distance > allowed ? Infinity : distance;
};

/**
 * Lists the zones, up to three and the nearest first, that a name may have been meant for: typed wrongly, with a space
 * or hyphen for the underscore, or with the region wrong or left out (`'New York'`, `'Karachi'`).
 */
export const suggestZones = (name: string): string[] => {
  if (name.length > MAX_NAME_LENGTH || hasDigit(name)) return [];
  const [whole, city] = [fold(name), cityOf(name)];

  return CANDIDATES.map((zone) => ({
    name: zone.name,
    far: Math.min(slips(whole, zone.whole), slips(city, zone.city)),
  }))
    .filter(({ far }) => far < Infinity)
    .toSorted((a, b) => a.far - b.far)
    .slice(0, MAX_SUGGESTIONS)
    .map((near) => near.name);
};
