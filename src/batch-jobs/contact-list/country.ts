import { getCountries, isSupportedCountry, type CountryCode } from 'libphonenumber-js/min';
import { closestMatch } from 'leven';
import { InvalidCountryError } from './contact-list.errors.js';

export type { CountryCode };

/** One slip for each four letters of a name. */
const LETTERS_PER_SLIP = 4;

/** Longer than the name of any country. */
const MAX_NAME_LENGTH = 64;

/** What people write for a code that is another one. */
const OTHER_CODES: ReadonlyMap<string, CountryCode> = new Map([
  ['UK', 'GB'],
  ['EL', 'GR'],
  ['USA', 'US'],
]);

const ENGLISH = new Intl.DisplayNames('en', { type: 'region' });

/** Codes by English names in capitals. */
const CODES: ReadonlyMap<string, CountryCode> = new Map(
  getCountries().map((code) => [(ENGLISH.of(code) ?? code).toUpperCase(), code]),
);

/**
 * Reads a country as ISO 3166-1 writes it with two letters, in any case: `'US'`, `'de'`.
 *
 * @throws invalid_request  it is none; with the code that may be meant: of `'UK'` `'GB'`, of `'Germany'` `'DE'`
 */
export function readCountry(written: unknown): CountryCode {
  const text = typeof written === 'string' ? written.trim().toUpperCase() : '';
  if (isSupportedCountry(text)) return text;
  throw new InvalidCountryError(OTHER_CODES.get(text) ?? nearest(text));
}

function nearest(text: string): CountryCode | null {
  const maxDistance = Math.floor(text.length / LETTERS_PER_SLIP);
  if (maxDistance === 0 || text.length > MAX_NAME_LENGTH) return null;
  return CODES.get(closestMatch(text, [...CODES.keys()], { maxDistance }) ?? '') ?? null;
}
