import {
  getCountryCallingCode,
  Metadata,
  parseIncompletePhoneNumber,
  parsePhoneNumberFromString,
  parsePhoneNumberWithError,
  type CountryCode,
  type PhoneNumber,
} from 'libphonenumber-js/min';
import { readInternational, REASONS, reasonOf, type PhoneNumberReading } from './phone-number.js';

/** A number of the North American plan with its punctuation, and with or without the `1` before it. */
const NORTH_AMERICAN = /^(?:1[\s.-]*)?\(?[2-9](?:[)\s.-]*\d){9}$/;

/** What is dialled before a country code: `00`, `011`, `0011`. */
const INTERNATIONAL_PREFIX = /^0\d{1,4}$/;

const parse = (text: string): PhoneNumber | undefined => parsePhoneNumberFromString(text, { extract: false });

/**
 * Reads a number without a plus sign as one of a country ([decision 20](docs/decisions/0020-default-country.md)): as it
 * is written there, as it is dialled from there, with its country code after a plus that was lost, or without a leading
 * zero that was lost. The last only where it cannot be another country's number that lost its plus.
 *
 * @param text as `unwrap` gives it
 * @param country null: the list does not say
 */
export function readNationalNumber(text: string, country: CountryCode | null): PhoneNumberReading {
  if (country === null) return { reason: REASONS.noPlus };
  const callingCode = getCountryCallingCode(country);
  // What follows comes to the same, and takes long: each of the plan's two dozen countries is asked whether it is
  // theirs.
  if (callingCode === '1' && NORTH_AMERICAN.test(text))
    return { phoneNumber: `+1${text.replace(/\D/g, '').slice(-10)}` };
  let number: PhoneNumber;
  try {
    number = parsePhoneNumberWithError(text, { defaultCountry: country, extract: false });
  } catch (error: unknown) {
    return { reason: reasonOf(error) };
  }
  if (number.ext !== undefined && number.ext !== '') return { reason: REASONS.extension };
  const digits = parseIncompletePhoneNumber(text);
  if (number.countryCallingCode === callingCode && isWrittenAtHome(number, digits, country)) return accept(number);
  if (INTERNATIONAL_PREFIX.test(prefixOf(number.number.slice(1), digits))) return readInternational(number.number);

  const withPlus = parse(`+${digits}`);
  const isAnywhere = withPlus !== undefined && withPlus.number === `+${digits}` && couldBe(withPlus);
  if (isAnywhere && withPlus.countryCallingCode === callingCode) return accept(withPlus);
  if (isAnywhere) return { reason: REASONS.otherCountry };
  if (number.isPossible() && digits === number.nationalNumber && hasTrunkPrefix(number)) return accept(number);
  return { reason: REASONS.notOfCountry };
}

const accept = ({ number }: PhoneNumber): PhoneNumberReading => readInternational(number);

/** What is before the rest of the digits; not empty only if they end with it. */
const prefixOf = (rest: string, digits: string): string => (digits.endsWith(rest) ? digits.slice(0, -rest.length) : '');

const digitsAtHome = (number: PhoneNumber): string => parseIncompletePhoneNumber(number.formatNational());

const hasTrunkPrefix = (number: PhoneNumber): boolean => digitsAtHome(number) !== number.nationalNumber;

/**
 * Whether these are the digits that people of the country write. Where they write no prefix (`0`) before them, which
 * would tell, the number must be as long as every number there (ten digits in the United States), or an allotted one
 * that people have a way to write: without one, it is not known whether a prefix is missing.
 */
function isWrittenAtHome(number: PhoneNumber, digits: string, country: CountryCode): boolean {
  if (!number.isPossible()) return false;
  const { nationalNumber } = number;
  if (digits !== nationalNumber) return digits === digitsAtHome(number) || digits === `0${nationalNumber}`;
  if (hasTrunkPrefix(number)) return false;
  return hasOneLength(country) || (number.isValid() && number.formatNational() !== nationalNumber);
}

function hasOneLength(country: CountryCode): boolean {
  const metadata = new Metadata();
  metadata.selectNumberingPlan(country);
  return metadata.numberingPlan?.possibleLengths().length === 1;
}

/**
 * Whether there may be such a number. One that no country of its code knows counts, too: ranges set aside for fiction,
 * and those that were opened after the metadata were made.
 */
const couldBe = (number: PhoneNumber): boolean =>
  number.isPossible() && (number.country === undefined || number.isValid());
