import {
  ParseError,
  parsePhoneNumberFromString,
  parsePhoneNumberWithError,
  type PhoneNumber,
  validatePhoneNumberLength,
} from 'libphonenumber-js/min';
import { unwrap } from './written-number.js';

/** A number as it is dialled and compared (E.164, `'+14155550123'`), or the sentence that says what is wrong with it. */
export type PhoneNumberReading = { readonly phoneNumber: string } | { readonly reason: string };

/** Text in one line without a plus sign, which only a country makes a number of. */
export interface NationalText {
  readonly national: string;
}

/** E.164 allows 15 digits after the plus sign (ITU-T E.164, 6.1); libphonenumber lets a few German numbers have more. */
const MAX_E164_LENGTH = 16;

/** Longer than any number with its punctuation; keeps a page of text away from the parser. */
const MAX_WRITTEN_LENGTH = 64;

/** `1.41555E+10`: what a spreadsheet makes of a number that it takes for a quantity. */
const ROUNDED = /^\+?\d+(?:[.,]\d+)?E\+?\d+$/i;

/** Lines are not kept apart by what a number may have in it. */
const NOT_OF_A_NUMBER = /[\p{Cc}{}]/u;

/**
 * A number of the North American plan as it is dialled. All of them are possible and read as themselves; the library
 * finds that out by asking for each of the plan's two dozen countries whether it is theirs, which is most of the work of
 * reading a list.
 */
const NORTH_AMERICAN = /^\+1[2-9]\d{9}$/;

export const REASONS = {
  empty: 'The phone number is empty.',
  rounded: 'A spreadsheet has rounded the phone number. Format the column as text and enter the number again.',
  noPlus:
    "The phone number does not begin with '+' and the country code. Write it so, or say in `defaultCountry` of which country such numbers are.",
  otherCountry:
    "The phone number does not begin with '+', and is not written as in the country that `defaultCountry` names: it may be another country's.",
  notOfCountry: "The phone number does not begin with '+', and is none of the country that `defaultCountry` names.",
  notANumber: 'The phone number has characters that are not part of a number.',
  countryCode: "The phone number's country code does not exist.",
  tooShort: 'The phone number is too short for its country code.',
  tooLong: 'The phone number is too long for its country code.',
  length: 'The phone number has a length that no number with its country code has.',
  trunkPrefix: 'The phone number has more than one zero, or another dialling prefix, after its country code.',
  extension: 'The phone number has an extension, which cannot be dialled. Give a direct number.',
} as const;

const REASON_OF_FAULT: Readonly<Record<string, string>> = {
  NOT_A_NUMBER: REASONS.notANumber,
  INVALID_COUNTRY: REASONS.countryCode,
  TOO_SHORT: REASONS.tooShort,
  TOO_LONG: REASONS.tooLong,
  INVALID_LENGTH: REASONS.length,
};

/**
 * Reads a phone number as a person writes it: `'+1 (415) 555-0123'`.
 *
 * A number is accepted when it is *possible* (its country code exists and such numbers have this length), not only when
 * its prefix is known to be allotted: countries open ranges faster than anybody upgrades the metadata, the carrier has the last
 * word (outcome `invalid_number`), and the ranges set aside for fiction (Ofcom's +44 7700 900000–900999) are never
 * allotted, yet demos need them. Possible lengths are the same in every metadata set, so the smallest (`min`) is used.
 *
 * An extension is refused instead of dropped: the call would reach the switchboard, and colleagues would be duplicates.
 */
export function readPhoneNumber(written: string): PhoneNumberReading | NationalText {
  if (NORTH_AMERICAN.test(written)) return { phoneNumber: written };
  if (written.trim().length > MAX_WRITTEN_LENGTH) return { reason: REASONS.notANumber };
  const text = unwrap(written);
  if (text === '') return { reason: REASONS.empty };
  if (ROUNDED.test(text)) return { reason: REASONS.rounded };
  if (text.startsWith('+')) return readInternational(text);
  return NOT_OF_A_NUMBER.test(text) ? { reason: REASONS.notANumber } : { national: text };
}

/** @param text begins with a plus sign */
export function readInternational(text: string): PhoneNumberReading {
  let number: PhoneNumber;
  try {
    number = parsePhoneNumberWithError(text, { extract: false });
  } catch (error: unknown) {
    return { reason: reasonOf(error) };
  }
  if (number.ext !== undefined && number.ext !== '') return { reason: REASONS.extension };
  if (!number.isPossible()) return { reason: reasonOfLength(number.number) };
  if (number.number.length > MAX_E164_LENGTH) return { reason: REASONS.tooLong };
  if (!isReadAsItself(number.number, text)) return { reason: REASONS.trunkPrefix };
  return { phoneNumber: number.number };
}

/** What the library finds wrong; anything but its own error is thrown on. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof ParseError)) throw error;
  return REASON_OF_FAULT[error.message] ?? REASONS.notANumber;
}

/**
 * Whether the E.164 form is read as the same number again. A dialling prefix is dropped once (`+44 (0)20 …`); where another
 * one follows, the same contact would have two numbers.
 */
const isReadAsItself = (e164: string, text: string): boolean =>
  text === e164 || parsePhoneNumberFromString(e164, { extract: false })?.number === e164;

const reasonOfLength = (e164: string): string =>
  REASON_OF_FAULT[validatePhoneNumberLength(e164) ?? ''] ?? REASONS.length;
