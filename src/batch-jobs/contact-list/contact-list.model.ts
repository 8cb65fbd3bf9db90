/** How much of a contact list is read before it is refused. Every limit is inclusive: a list of exactly that much is fine. */
export interface ContactListLimits {
  /** Most contacts kept, after invalid rows and duplicates are left out; see {@link MAX_ROWS_PER_CONTACT} for those. 1 or more. */
  readonly maxContacts: number;
  /** Most bytes of the CSV file, or of all contacts of a JSON body written as compact JSON. */
  readonly maxBytes: number;
  /** Most columns in the header row, or keys of one JSON contact; `phone` counts. */
  readonly maxColumns: number;
  /** Most characters (UTF-16 code units) of one CSV cell or JSON string, and of all column names together. */
  readonly maxCellLength: number;
}

/**
 * What applies when nothing else is configured. 10,000 contacts and 10 MB are the contract's.
 * 100 columns and 10,000 characters are ours: wider than any calling list we know, and below what a spreadsheet cell
 * may hold (32,767), so that a quote left open is found early.
 */
export const DEFAULT_CONTACT_LIST_LIMITS: ContactListLimits = {
  maxContacts: 10_000,
  maxBytes: 10 * 1024 * 1024,
  maxColumns: 100,
  maxCellLength: 10_000,
};

/** Most bytes of one contact: a CSV row with its line ending, or a JSON contact as compact JSON. */
export const MAX_CONTACT_BYTES = 262_144;

/**
 * Most rows of a list for each contact it may have, blank, invalid and duplicate ones included. Rows that are left out cost time,
 * too: 10 MB can hold five million of them, which is minutes of reading.
 */
export const MAX_ROWS_PER_CONTACT = 5;

/** Most rejected rows that are told apart; the count goes on. */
export const MAX_REJECTED_ROWS = 100;

/** A contact as it is read from a list, before it has an id. */
export interface NewContact {
  /** E.164, normalised: `'+14155550123'`. */
  readonly phoneNumber: string;
  /**
   * The row as uploaded, a JSON object as text, keys in the order of the columns: `'{"phone":"+1 (415) 555-0123"}'`.
   * The phone is under `phone` however its column is spelled, and keeps its own spelling. CSV cells are strings, empty
   * ones too. Keys are data: `__proto__` is one like any other.
   */
  readonly contactData: string;
}

/** Some contacts of a list, one after the other. */
export interface ContactBlock {
  readonly contacts: number;
  /**
   * A line for each, in UTF-8, without a line feed at the end: the number, and the data that begin with the first brace.
   * Good until the next block is asked for.
   */
  readonly lines: Buffer;
}

/** A row that was left out. */
export interface RejectedRow {
  /**
   * CSV: the row as a spreadsheet numbers it (the first row is 1 and blank rows count; a cell with line breaks is still one row).
   * JSON: position in the array, the first is 1.
   */
  readonly row: number;
  /** A sentence a person can act on; never holds the number or the text of a cell. */
  readonly reason: string;
}

/** What is said of a list. Valid, invalid and duplicate ones add up to the rows that were not blank. */
export interface ContactListReport {
  /** Contacts of the list, each number once. 1 or more. */
  readonly validContacts: number;
  /** Rows left out because of their number or their cells. */
  readonly invalidContacts: number;
  /** Rows left out because an earlier row has the same number. */
  readonly duplicateContacts: number;
  /** The first 100 of the invalid ones, in the order of the list. Duplicates are not among them. */
  readonly rejectedRows: readonly RejectedRow[];
}

/** A list as it was read. A long one is kept in a file, which is open until {@link ContactList.close}. */
export interface ContactList extends ContactListReport {
  /** The contacts in the order of the list; every call begins anew. Throws when the list was closed. */
  contacts(): AsyncIterable<NewContact>;
  /** The same, as they are kept: some at a time, for who inserts them. */
  blocks(): AsyncIterable<ContactBlock>;
  /** Gives back what the list takes. Never throws; again: does nothing. */
  close(): Promise<void>;
}
