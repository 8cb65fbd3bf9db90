import { DomainError } from '../../shared/domain-error.js';
import type { RejectedRow } from './contact-list.model.js';

/** Rejected rows shown in an error: enough to see the pattern, few enough to read. */
const ROWS_SHOWN = 10;

/** Columns shown in an error. */
const COLUMNS_SHOWN = 20;

/** Formats a number the way the sentences do: `10,000`. */
const figure = new Intl.NumberFormat('en-US');

/** Where in a CSV file the fault is, as far as it is known. `row` as in {@link RejectedRow}; `line` counts line breaks, the first is 1. */
export interface CsvPlace {
  readonly row?: number;
  readonly line?: number;
  readonly column?: string;
}

/** The file cannot be read as a table. */
export class InvalidCsvError extends DomainError {
  readonly code = 'invalid_csv';

  constructor(detail: string, place: CsvPlace = {}) {
    super(detail, { ...place });
  }
}

/** The header row has no phone column, or several that may be it. */
export class MissingPhoneColumnError extends DomainError {
  readonly code = 'missing_phone_column';

  private constructor(what: string, columns: readonly string[]) {
    super(what, { columns: columns.slice(0, COLUMNS_SHOWN) });
  }

  /**
   * @param columns names as they may be shown; empty when the first row looks like a contact, whose data is not for
   * showing
   * @param phoneColumn the name that the request gives, or null
   */
  static among(columns: readonly string[], phoneColumn: string | null): MissingPhoneColumnError {
    const missing =
      phoneColumn === null
        ? "The header row has no column named 'phone', nor by another usual name."
        : `The header row has no column named '${phoneColumn}', which \`phoneColumn\` names.`;
    const found =
      columns.length === 0
        ? 'The first row looks like a contact; put a header row above it.'
        : `Columns found: ${listOf(columns)}. Give the name of the one with the numbers as \`phoneColumn\`.`;
    return new MissingPhoneColumnError(`${missing} ${found}`, columns);
  }

  static several(columns: readonly string[]): MissingPhoneColumnError {
    return new MissingPhoneColumnError(
      `The header row has ${columns.length} columns that may be the phone column: ${listOf(columns)}. Give the name of the right one as \`phoneColumn\`.`,
      columns,
    );
  }
}

function listOf(columns: readonly string[]): string {
  const shown = columns.slice(0, COLUMNS_SHOWN).map((name) => `'${name}'`);
  const more = columns.length - shown.length;
  return shown.join(', ') + (more > 0 ? `, and ${more} more` : '');
}

/** Nothing in the list can be called. */
export class NoValidContactsError extends DomainError {
  readonly code = 'no_valid_contacts';

  constructor(detail: string, rejectedRows: readonly RejectedRow[] = []) {
    super(detail, { rejectedRows: rejectedRows.slice(0, ROWS_SHOWN) });
  }
}

/** No contact of a JSON list has a usable number. */
export class InvalidPhoneFormatError extends DomainError {
  readonly code = 'invalid_phone_format';

  constructor(invalidContacts: number, rejectedRows: readonly RejectedRow[]) {
    const first = rejectedRows[0]?.reason ?? '';
    super(
      `No contact of ${figure.format(invalidContacts)} has a usable phone number. The first one: ${first} Write numbers in E.164: a plus sign, the country code and the number.`,
      { invalidContacts, rejectedRows: rejectedRows.slice(0, ROWS_SHOWN) },
    );
  }
}

/** More contacts than one batch may have, or so many rows that reading them all is refused. */
export class TooManyContactsError extends DomainError {
  readonly code = 'too_many_contacts';

  private constructor(found: string, maxContacts: number, entries?: number) {
    super(
      `${found}; one batch may have ${figure.format(maxContacts)} contacts. Split the list into several batches.`,
      entries === undefined ? { maxContacts } : { maxContacts, entries },
    );
  }

  /** @param entries length of the list where it is known before reading, duplicates and invalid ones included */
  static ofContacts(maxContacts: number, entries?: number): TooManyContactsError {
    const of = entries === undefined ? '' : ` of ${figure.format(entries)} entries`;
    return new TooManyContactsError(
      `The list${of} has more than ${figure.format(maxContacts)} valid contacts`,
      maxContacts,
      entries,
    );
  }

  /** @param maxRows most rows that are read, whatever is in them */
  static ofRows(maxRows: number, maxContacts: number): TooManyContactsError {
    return new TooManyContactsError(
      `The list has more than ${figure.format(maxRows)} rows, blank and invalid ones included`,
      maxContacts,
    );
  }
}

/** More bytes than are read. */
export class ContactListTooLargeError extends DomainError {
  readonly code = 'payload_too_large';

  constructor(maxBytes: number) {
    super(
      `The contact list is larger than ${figure.format(maxBytes)} bytes. Split it into several batches, or leave out columns that the calls do not need.`,
      { maxBytes },
    );
  }
}

/** The `contacts` field of a JSON body is not a list of contacts. */
export class InvalidContactsError extends DomainError {
  readonly code = 'invalid_request';

  /** @param parameter path in the body, counted from 0: `'contacts'`, `'contacts[2].name'` */
  constructor(parameter: string, detail: string) {
    super(detail, { errors: [{ parameter, detail }] });
  }
}

/** `defaultCountry` is no country. */
export class InvalidCountryError extends DomainError {
  readonly code = 'invalid_request';

  /** @param meant the code that was probably meant, or null */
  constructor(meant: string | null) {
    const hint = meant === null ? '' : ` Did you mean '${meant}'?`;
    const detail = `must be the two letters that ISO 3166-1 has for a country, such as 'US', 'GB' or 'DE'.${hint}`;
    super(`'defaultCountry' ${detail}`, {
      errors: [{ parameter: 'defaultCountry', detail }],
      ...(meant !== null && { suggestions: [meant] }),
    });
  }
}

/** The list could not be kept while it was read: the disk for temporary files is full, say. */
export class ListNotKeptError extends DomainError {
  readonly code = 'unavailable';

  constructor(cause: unknown) {
    super('There is no room for a list of this length at the moment, and nothing was changed. Try again later.');
    this.cause = cause;
  }
}
