import { InvalidCsvError, MissingPhoneColumnError } from './contact-list.errors.js';
import type { ContactListLimits } from './contact-list.model.js';
import { isBlank } from './csv-rows.js';
import { isPhone, looksLikeNumber, phoneColumnsOf } from './phone-column.js';

/** Longest column name shown in an error. */
const SHOWN_LENGTH = 40;

/** The key of the number in a contact's data. */
const PHONE = 'phone';

/** The header row of a CSV file. */
export interface ContactColumns {
  /** Keys of the contact data, one for each named column; the phone column is called `phone`, and no other one is. */
  readonly names: readonly string[];
  /** Index of the phone column. */
  readonly phoneIndex: number;
}

/** Makes a column name fit for an error: shortened, without control characters, never a phone number. */
export function shownColumn(name: string): string {
  if (looksLikeNumber(name)) return '(a number)';
  const shown = name.slice(0, SHOWN_LENGTH).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, ' ');
  return name.length > SHOWN_LENGTH ? `${shown}…` : shown;
}

/**
 * Reads the header row. Names are trimmed; columns without a name are ignored at the end of the row and refused elsewhere.
 * A column called `phone` that is not the phone column, as `phoneColumn` names another one, is kept as `phone 2`.
 *
 * @param row where the header is, for errors
 * @param phoneColumn the name of the phone column that the request gives, or null
 * @throws invalid_csv           too many columns, names too long together, one empty or used twice
 * @throws missing_phone_column  none is the phone column, or several may be
 */
export function readContactColumns(
  cells: readonly string[],
  row: number,
  limits: ContactListLimits,
  phoneColumn: string | null,
): ContactColumns {
  const names = cells.slice(0, cells.findLastIndex((cell) => !isBlank(cell)) + 1).map((cell) => cell.trim());
  refuseUnreadable(names, row, limits);
  const fitting = phoneColumnsOf(names, phoneColumn);
  const [phoneIndex] = fitting;
  if (phoneIndex === undefined) {
    const found = names.some(looksLikeNumber) ? [] : names.map(shownColumn);
    throw MissingPhoneColumnError.among(found, phoneColumn === null ? null : shownColumn(phoneColumn));
  }
  if (fitting.length > 1) {
    const several = fitting.map((index) => (isPhone(names[index]) ? PHONE : names[index]));
    refuseUnclearNames(several, row);
    throw MissingPhoneColumnError.several(several.map(shownColumn));
  }
  const keys = names.map((name) => (isPhone(name) ? `${name} 2` : name)).with(phoneIndex, PHONE);
  refuseUnclearNames(keys, row);
  return { names: keys, phoneIndex };
}

function refuseUnreadable(
  names: readonly string[],
  row: number,
  { maxColumns, maxCellLength }: ContactListLimits,
): void {
  if (names.some((name) => name.includes('\r'))) {
    throw new InvalidCsvError('The lines end with a bare carriage return. Save the file with LF or CRLF line ends.', {
      row,
    });
  }
  if (names.length > maxColumns) {
    throw new InvalidCsvError(`The header row has ${names.length} columns; at most ${maxColumns} are allowed.`, {
      row,
    });
  }
  const length = names.join('').length;
  if (length > maxCellLength) {
    // They are kept with every contact: a small file with long names would become a large one.
    throw new InvalidCsvError(
      `The column names have ${length} characters together; at most ${maxCellLength} are allowed. Shorten them.`,
      { row },
    );
  }
}

function refuseUnclearNames(names: readonly string[], row: number): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (isBlank(name)) {
      throw new InvalidCsvError(`Column ${index + 1} has no name. Name it in the header row or delete it.`, { row });
    }
    if (seen.has(name)) {
      const column = shownColumn(name);
      throw new InvalidCsvError(`The column '${column}' appears twice in the header row. Rename or delete one.`, {
        row,
        column,
      });
    }
    seen.add(name);
  }
}
