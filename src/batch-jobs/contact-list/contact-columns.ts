import { InvalidCsvError, MissingPhoneColumnError } from './contact-list.errors.js';
import type { ContactListLimits } from './contact-list.model.js';

/** Longest column name shown in an error. */
const SHOWN_LENGTH = 40;

/** So many digits in a name are taken for a phone number: the shortest subscriber numbers have seven with their area code. */
const DIGITS_OF_A_NUMBER = 7;

/** The header row of a CSV file. */
export interface ContactColumns {
  /** Keys of the contact data, one for each named column; the phone column is called `phone`. */
  readonly names: readonly string[];
  /** Index of the phone column. */
  readonly phoneIndex: number;
  /** Cells each row must have: `names`, and the columns without a name that a spreadsheet appends. */
  readonly width: number;
}

/** Whether a header cell names the phone column: `Phone`, ` PHONE `. */
export const isPhoneColumn = (name: string): boolean => name.trim().toLowerCase() === 'phone';

const looksLikeNumber = (name: string): boolean => name.replace(/\P{Nd}/gu, '').length >= DIGITS_OF_A_NUMBER;

/** Makes a column name fit for an error: shortened, without control characters, never a phone number. */
export function shownColumn(name: string): string {
  if (looksLikeNumber(name)) return '(a number)';
  const shown = name.slice(0, SHOWN_LENGTH).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, ' ');
  return name.length > SHOWN_LENGTH ? `${shown}…` : shown;
}

/**
 * Reads the header row. Names are trimmed; columns without a name are ignored at the end of the row and refused elsewhere.
 *
 * @param row where the header is, for errors
 * @throws invalid_csv           too many columns, names too long together, one empty or used twice
 * @throws missing_phone_column  no column is called `phone`
 */
export function readContactColumns(cells: readonly string[], row: number, limits: ContactListLimits): ContactColumns {
  const header = cells.map((cell) => cell.trim());
  const names = header.slice(0, header.findLastIndex((name) => name !== '') + 1);
  const { maxColumns, maxCellLength } = limits;
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
  const phoneIndex = names.findIndex(isPhoneColumn);
  if (phoneIndex === -1) throw new MissingPhoneColumnError(names.some(looksLikeNumber) ? [] : names.map(shownColumn));
  refuseUnclearNames(names, row);
  return { names: names.with(phoneIndex, 'phone'), phoneIndex, width: cells.length };
}

function refuseUnclearNames(names: readonly string[], row: number): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (name === '') {
      throw new InvalidCsvError(`Column ${index + 1} has no name. Name it in the header row or delete it.`, { row });
    }
    const key = isPhoneColumn(name) ? 'phone' : name;
    if (seen.has(key)) {
      const column = shownColumn(key);
      throw new InvalidCsvError(`The column '${column}' appears twice in the header row. Rename or delete one.`, {
        row,
        column,
      });
    }
    seen.add(key);
  }
}
