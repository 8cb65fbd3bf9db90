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

/** North American numbers begin so; by their length alone, every national number of ten digits would be one. */
const BEGINS_AS_NORTH_AMERICAN = /^[2-9]/;

/** A zero in brackets behind something else, which is where people write it that leave it out after a country code. */
const ZERO_TO_LEAVE_OUT = /\d.*\( ?0 ?\)/;

/** That country code: `49 (0)30 1234567`, `0049 (0)30 1234567`, `011 49 (0)30 1234567`. */
const CODE_BEFORE_ZERO = /^\(?(00|011)?[ )]*([1-9]\d{0,2})[ )./-]*(?=\( ?0 ?\))/;

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
  if (ZERO_TO_LEAVE_OUT.test(text)) return readZeroToLeaveOut(text, callingCode);
  let number: PhoneNumber;
  try {
    number = parsePhoneNumberWithError(text, { defaultCountry: country, extract: false });
  } catch (error: unknown) {
    return { reason: reasonOf(error) };
  }
  if (number.ext !== undefined && number.ext !== '') return { reason: REASONS.extension };
  const digits = parseIncompletePhoneNumber(text);
  if (isDialledElsewhere(digits, number)) return { reason: REASONS.otherCountry };
  if (number.countryCallingCode === callingCode && isWrittenAtHome(number, digits, country)) return accept(number);
  if (INTERNATIONAL_PREFIX.test(prefixOf(number.number.slice(1), digits))) return readInternational(number.number);

  const withPlus = parse(`+${digits}`);
  if (withPlus !== undefined && couldBe(withPlus)) {
    if (withPlus.countryCallingCode !== callingCode) return { reason: REASONS.otherCountry };
    // The library leaves out a zero behind the country code; without brackets nobody knows whether it is one to leave out.
    return withPlus.number === `+${digits}` ? accept(withPlus) : { reason: REASONS.notOfCountry };
  }
  if (isPossible(number) && digits === number.nationalNumber && hasTrunkPrefix(number)) return accept(number);
  return { reason: REASONS.notOfCountry };
}

const accept = ({ number }: PhoneNumber): PhoneNumberReading => readInternational(number);

function readZeroToLeaveOut(text: string, callingCode: string): PhoneNumberReading {
  const [written = '', prefix, code] = CODE_BEFORE_ZERO.exec(text) ?? [];
  const isInternational = prefix !== undefined || code === callingCode;
  if (written === '' || !isInternational) return { reason: REASONS.otherCountry };
  return readInternational(`+${code} ${text.slice(written.length)}`);
}

/**
 * Whether the digits begin as an international call does from most countries, and would reach somebody else: where one is
 * dialled otherwise (`00 21 …` in Brazil, with the digits of a carrier), the library takes something else for the number.
 */
function isDialledElsewhere(digits: string, { number }: PhoneNumber): boolean {
  const dialled = digits.startsWith('00') ? parse(`+${digits.slice(2)}`) : undefined;
  return dialled !== undefined && couldBe(dialled) && dialled.number !== number;
}

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
  if (!isPossible(number)) return false;
  const { nationalNumber } = number;
  if (digits !== nationalNumber) return digits === digitsAtHome(number) || digits === `0${nationalNumber}`;
  if (hasTrunkPrefix(number)) return false;
  return hasOneLength(country) || (number.isValid() && number.formatNational() !== nationalNumber);
}

const isPossible = (number: PhoneNumber): boolean =>
  number.isPossible() && (number.countryCallingCode !== '1' || BEGINS_AS_NORTH_AMERICAN.test(number.nationalNumber));

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
  isPossible(number) && (number.country === undefined || number.isValid());
