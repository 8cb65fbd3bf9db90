import { stringify } from 'csv-stringify/sync';
import type { ExportedContact } from '../../batch-jobs/export.statements.js';
import type { ContactExport } from '../../operations/contacts.service.js';
import { stringifyExactly } from '../../shared/exact-json.js';
import { toUtcOrNull } from '../../shared/utc.js';

/** What became of a contact, by the names of the columns. */
const RESULTS = {
  status: ({ status }) => status,
  attemptCount: ({ attemptCount }) => attemptCount,
  lastAttemptAt: ({ lastAttemptAt }) => toUtcOrNull(lastAttemptAt),
  completedAt: ({ completedAt }) => toUtcOrNull(completedAt),
  callDuration: ({ callDurationSeconds }) => callDurationSeconds,
  errorCode: ({ errorCode }) => errorCode,
  failureReason: ({ failureReason }) => failureReason,
  roomName: ({ roomName }) => roomName,
} as const satisfies Record<string, (contact: ExportedContact) => Cell>;

type Cell = string | number | null;

const SIGNS = '[=+\\-@\uff1d\uff0b\uff0d\uff20]';

/** A sign where a reader may begin a cell that takes something else for the separator, or does not mind the quotes. */
const INNER_SIGN = new RegExp(`([;,|\\t\\r\\n]"*)(?=${SIGNS})`, 'g');

/** The same in JSON, where a bar or semicolon is inside a string and a comma may not be. */
const INNER_SIGN_IN_JSON = new RegExp(`(?<=[;|])${SIGNS}`, 'g');

const OPTIONS = {
  record_delimiter: 'windows', // RFC 4180
  quoted_match: /[\r\n]/, // the library knows the whole delimiter only
  escape_formulas: true, // what begins a cell, but for a line feed
} as const;

/**
 * CSV of a whole list for spreadsheets and programs (RFC 4180), a piece of text at a time; the first is the header row.
 *
 * It begins with a byte order mark, without which Excel reads UTF-8 as something else. What a spreadsheet would take
 * for a formula has a `'` before it, wherever in a cell it may begin; so have numbers ([decision
 * 21](docs/decisions/0021-numbers-in-exports.md)). Columns of ours begin with `call.`, or with `call2.`, `call3.`, …
 * where a custom column does so.
 */
export async function* toCsv({ columns, hasMoreColumns, pieces }: ContactExport): AsyncGenerator<string> {
  const prefix = prefixBeside(columns);
  const names = [...(hasMoreColumns ? ['otherData'] : []), ...Object.keys(RESULTS)];
  const header = ['phone', ...columns, ...names.map((name) => `${prefix}${name}`)];
  yield `\u{feff}${toLines([header.map(guarded)])}`;

  const known = new Set(['phone', ...columns]);
  for await (const contacts of pieces) {
    yield toLines(
      contacts.map((contact) => [
        contact.phoneNumber,
        ...columns.map((column) => toCell(contact.contactData, column)),
        ...(hasMoreColumns ? [otherData(contact.contactData, known)] : []),
        ...Object.values(RESULTS).map((tell) => toResult(tell(contact))),
      ]),
    );
  }
}

const toLines = (rows: readonly (readonly Cell[])[]): string => stringify(rows as Cell[][], OPTIONS);

const guarded = (text: string): string => text.replace(/^(?=\n)/, "'").replace(INNER_SIGN, "$1'");

/** Stays the same JSON: a sign is written as an escape. */
const toJson = (value: unknown): string =>
  stringifyExactly(value).replace(
    INNER_SIGN_IN_JSON,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** A name that no custom column can have begins with it, however it is written. */
const prefixBeside = (columns: readonly string[]): string => {
  const taken = (prefix: string) => columns.some((column) => column.toLowerCase().startsWith(prefix));
  let prefix = 'call.';
  for (let count = 2; taken(prefix); count += 1) prefix = `call${count}.`;
  return prefix;
};

const toCell = (row: Readonly<Record<string, unknown>>, column: string): Cell => {
  // Names that objects inherit are ordinary columns.
  const value = Object.hasOwn(row, column) ? row[column] : null;
  if (typeof value === 'string') return guarded(value);
  return value === null || typeof value === 'number' ? value : toJson(value);
};

const toResult = (result: Cell): Cell => (typeof result === 'string' ? guarded(result) : result);

/** What has no column of its own, as JSON. */
const otherData = (row: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): Cell => {
  const others = Object.entries(row).filter(([key]) => !known.has(key));
  return others.length > 0 ? toJson(Object.fromEntries(others)) : null;
};
