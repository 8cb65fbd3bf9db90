import { readCountry, type CountryCode } from '../../batch-jobs/contact-list.js';
import { invalidFormField } from '../http/api.errors.js';

/** Fields of a body, none of them judged. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * The country of numbers without a plus sign; null when the body names none.
 *
 * @throws invalid_request  it is no country
 */
export const countryOf = ({ defaultCountry }: Fields): CountryCode | null =>
  defaultCountry === undefined || defaultCountry === null ? null : readCountry(defaultCountry);

/** The name of the phone column of a file, as a form gives it; null when it gives none. */
export const phoneColumnOf = ({ phoneColumn }: Fields): string | null =>
  typeof phoneColumn === 'string' ? phoneColumn : null;

/** A header row is read as it arrives. @throws invalid_request  its phone column is named behind it */
export function refuseLateColumn(before: Fields, all: Fields): void {
  if (phoneColumnOf(before) !== phoneColumnOf(all)) {
    throw invalidFormField('phoneColumn', "must come before 'file' in the form, as the header row is read at once.");
  }
}

/** @throws invalid_request  a body of JSON names a column */
export function refuseColumn({ phoneColumn }: Fields): void {
  if (phoneColumn === undefined || phoneColumn === null) return;
  throw invalidFormField('phoneColumn', "is for a CSV file. In 'contacts' each number is under 'phone'; leave it out.");
}
