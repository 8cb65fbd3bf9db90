import leven from 'leven';
import { citiesCalled, fold, foldCommon, hasDigit, zonesCalled, ZONE_WORDS } from './zone-names.js';
import { ZONE_RULES } from './zone-rules.js';

const MAX_SUGGESTIONS = 3;
const MAX_NAME_LENGTH = 64;

/** `'America/Miami'` and `'Miami, Florida'`: the city. */
const cityOf = (name: string): string => fold(name.slice(name.lastIndexOf('/') + 1).split(',')[0]);

/** What stands before the first slash, `'america'`. Empty without one. */
const regionOf = (name: string): string => fold(name.slice(0, Math.max(0, name.indexOf('/'))));

const ZONES = ZONE_RULES.names
  .filter((name) => !hasDigit(name))
  .map((name) => ({
    name,
    whole: fold(name),
    city: cityOf(name),
  }));

/** One slip per four letters, three at most: of a word as short as `'PST'` everything else is as near as anything. */
const slips = (from: string, to: string): number => {
  const allowed = Math.min(3, Math.floor(from.length / 4));
  const distance = leven(from, to, { maxDistance: allowed + 1 });
  return distance > allowed ? Infinity : distance;
};

const spelledAlike = (name: string): string[] =>
  ZONES.filter(({ whole }) => whole === fold(name)).map((zone) => zone.name);

/**
 * Zones of cities of the name, IANA's own first, but those of the region or country that was given before the others.
 */
const ofCities = (name: string): string[] => {
  const [city, region] = [cityOf(name), regionOf(name)];
  const zones = [
    ...ZONES.filter((zone) => zone.city === city).map((zone) => ({ zone: zone.name, isThere: false })),
    ...citiesCalled(city).map(({ zone, country }) => ({ zone, isThere: country === region })),
  ].map(({ zone, isThere }) => ({ zone, isThere: isThere || regionOf(zone) === region }));
  return zones.toSorted((a, b) => Number(b.isThere) - Number(a.isThere)).map(({ zone }) => zone);
};

const nearMisses = (name: string): string[] => {
  const [whole, city, word] = [fold(name), cityOf(name), foldCommon(name)];
  const called = ZONE_WORDS.flatMap((each) => {
    const far = slips(word, each);
    return far < Infinity ? zonesCalled(each).map((zone) => ({ name: zone, far })) : [];
  });
  const spelled = ZONES.map((zone) => ({
    name: zone.name,
    far: Math.min(slips(whole, zone.whole), slips(city, zone.city)),
  }));
  return [...called, ...spelled]
    .filter(({ far }) => far < Infinity)
    .toSorted((a, b) => a.far - b.far)
    .map((near) => near.name);
};

/**
 * Lists the zones, up to three and the likeliest first, that a name may have been meant for: spelled a little
 * differently, as Windows or everyday speech calls it (`'India Standard Time'`, `'PST'`), named by another city
 * (`'Miami'`), in the wrong region, or mistyped. What is found in one of these ways is not mixed with the next.
 */
export const suggestZones = (name: string): string[] => {
  if (name.length > MAX_NAME_LENGTH || hasDigit(name) || fold(name) === '') return [];
  for (const find of [spelledAlike, (text: string) => zonesCalled(foldCommon(text)), ofCities, nearMisses]) {
    const zones = [...new Set(find(name))];
    if (zones.length > 0) return zones.slice(0, MAX_SUGGESTIONS);
  }
  return [];
};
