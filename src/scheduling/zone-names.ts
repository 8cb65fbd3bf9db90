import { rawTimeZones } from '@vvo/tzdb';
import cities from 'city-timezones';
import { IANA_ALIAS_MAP, WINDOWS_TO_IANA_MAP } from 'windows-iana';
import { ZONE_RULES } from './zone-rules.js';

/** Letters only, without accents: `'América/New York'` and `'America/New_York'` become the same. */
export const fold = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/[^a-z]/gi, '')
    .toLowerCase();

/** The same for `'Pacific Standard Time'`, `'Pacific Daylight Time'`, `'Pacific Time'` and `'Pacific'`. */
export const foldCommon = (name: string): string => fold(name.replace(/\b(standard|daylight|summer|time)\b/gi, ''));

/**
 * Digits are offsets, and no name of a zone: `UTC+5` is not nearly `UTC`, and by `GMT+5` people mean five hours ahead
 * of Greenwich, but IANA's `Etc/GMT+5` is five hours behind.
 */
export const hasDigit = (name: string): boolean => /\d/.test(name);

/** A city, and the zone of its clocks. */
export interface City {
  readonly zone: string;
  /** Folded ISO code, `'us'`. Empty: not known. */
  readonly country: string;
  /** 0: not known. */
  readonly inhabitants: number;
}

/**
 * What people mean first by words that several zones share, or none has. The American abbreviations as mail has read
 * them since 1982 (RFC 822, section 5.1; RFC 5322, section 4.3).
 */
const MEANT_FIRST = new Map(
  Object.entries({
    et: 'America/New_York',
    edt: 'America/New_York',
    ct: 'America/Chicago',
    cst: 'America/Chicago',
    cdt: 'America/Chicago',
    mt: 'America/Denver',
    mdt: 'America/Denver',
    pt: 'America/Los_Angeles',
    pst: 'America/Los_Angeles',
    pdt: 'America/Los_Angeles',
    ast: 'America/Halifax',
    adt: 'America/Halifax',
    bst: 'Europe/London',
    british: 'Europe/London',
    irish: 'Europe/Dublin',
    west: 'Europe/Lisbon',
    westerneuropean: 'Europe/Lisbon',
    eest: 'Europe/Athens',
    easterneuropean: 'Europe/Athens',
    greenwichmean: 'GMT',
    coordinateduniversal: 'UTC',
  }),
);

const current = new Set<string>(rawTimeZones.map(({ name }) => name));

/** CLDR keeps the oldest name of a zone, `'Asia/Calcutta'`; people look for `'Asia/Kolkata'`. */
const renamed = new Map<string, string>(
  IANA_ALIAS_MAP.flatMap(({ alias }) => {
    const name = alias.find((each) => current.has(each));
    return name === undefined ? [] : alias.map((each): [string, string] => [each, name]);
  }),
);

/** As our own data spell it. Empty for a zone that they do not have: another package may be ahead of them. */
const inOurData = (name: string): string[] => {
  const newest = current.has(name) ? name : (renamed.get(name) ?? name);
  const zone = ZONE_RULES.find(newest) ?? ZONE_RULES.find(name);
  return zone ? [zone.name] : [];
};

const toGroups = <T>(entries: Iterable<readonly [string, T]>): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>();
  for (const [key, value] of entries) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
};

// Beyond its types, a city of the package may have no zone, or -99 for its country.
const LOCATED = cities.cityMapping.filter(({ timezone, iso2 }) =>
  [timezone, iso2].every((text) => typeof text === 'string'),
);

const CITIES = toGroups<City>([
  ...LOCATED.flatMap(({ city, city_ascii: ascii, iso2, timezone, pop }) =>
    [...new Set([fold(city), fold(ascii)])].flatMap((name) =>
      inOurData(timezone).map((zone): [string, City] => [name, { zone, country: fold(iso2), inhabitants: pop }]),
    ),
  ),
  ...rawTimeZones.flatMap(({ name: zone, mainCities, countryCode }) =>
    mainCities.map((city): [string, City] => [fold(city), { zone, country: fold(countryCode), inhabitants: 0 }]),
  ),
]);

const largestCity = new Map<string, number>();
for (const { zone, inhabitants } of [...CITIES.values()].flat())
  largestCity.set(zone, Math.max(inhabitants, largestCity.get(zone) ?? 0));

/** Abbreviations, and names such as `'pacific'`, of today's zones. */
const COMMON = toGroups(
  rawTimeZones.flatMap((zone) =>
    [zone.abbreviation, zone.dstAbbreviation, zone.alternativeName]
      .filter((word) => word !== undefined && !hasDigit(word))
      .map((word): [string, (typeof rawTimeZones)[number]] => [foldCommon(word as string), zone]),
  ),
);

/** The zone that CLDR takes for a name of Windows where the country is not known (its territory `001`). */
const WINDOWS = new Map(
  WINDOWS_TO_IANA_MAP.filter(({ windowsName, territory }) => territory === '001' && !hasDigit(windowsName)).map(
    ({ windowsName, iana: [zone] }): [string, string[]] => [foldCommon(windowsName), inOurData(zone)],
  ),
);

/**
 * Zones with the same offsets in winter and summer are one meaning of a word; the one that is meant first stands for
 * them, or else the one with the largest city.
 */
const meaningsOf = (word: string): string[] => {
  const first = MEANT_FIRST.get(word);
  const rank = ({ name }: { name: string }) => (name === first ? Infinity : (largestCity.get(name) ?? 0));
  const meanings = new Map<string, string>();
  for (const zone of (COMMON.get(word) ?? []).toSorted((a, b) => rank(b) - rank(a))) {
    const meaning = `${zone.rawOffsetInMinutes} ${zone.dstAbbreviation !== undefined}`;
    if (!meanings.has(meaning)) meanings.set(meaning, zone.name);
  }
  return [...new Set([...(first === undefined ? [] : [first]), ...meanings.values()])].flatMap(inOurData);
};

/** The zones that a word of `foldCommon` stands for, what is meant first in front: `'pst'`, `'pacific'`, `'india'`. */
export const zonesCalled = (word: string): readonly string[] => WINDOWS.get(word) ?? meaningsOf(word);

/** Every such word that is long enough to be mistyped. */
export const ZONE_WORDS = [...new Set([...WINDOWS.keys(), ...COMMON.keys()])].filter((word) => word.length >= 6);

/** The cities of a folded name, the largest first. */
export const citiesCalled = (name: string): readonly City[] =>
  (CITIES.get(name) ?? []).toSorted((a, b) => b.inhabitants - a.inhabitants);
