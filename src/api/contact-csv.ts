import { stringify } from 'csv-stringify/sync';
import type { ExportedContact } from '../batch-jobs/export.repository.js';
import type { ContactExport } from '../scheduling/contacts.service.js';
import { toUtcOrNull } from '../shared/utc.js';

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

/** A spreadsheet takes it for a number at worst, and a program finds it as it is. */
const E164 = /^\+\d{1,15}$/;

const OPTIONS = {
  record_delimiter: 'windows', // RFC 4180
  quoted_match: /[\r\n]/, // the library knows the whole delimiter only
  escape_formulas: true,
} as const;

/**
 * CSV of a whole list for spreadsheets and programs (RFC 4180), a piece of text at a time; the first is the header row.
 *
 * It begins with a byte order mark, without which Excel reads UTF-8 as something else. A cell that a spreadsheet would
 * take for a formula has a `'` before it, but for plain E.164 numbers. Columns of ours begin with `call.`, or with
 * `call2.`, `call3.`, … where a custom column does so.
 */
export async function* toCsv({ columns, hasMoreColumns, pieces }: ContactExport): AsyncGenerator<string> {
  const prefix = prefixBeside(columns);
  const names = [...(hasMoreColumns ? ['otherData'] : []), ...Object.keys(RESULTS)];
  const header = ['phone', ...columns, ...names.map((name) => `${prefix}${name}`)];
  yield `\u{feff}${toLines([header])}`;

  const known = new Set(['phone', ...columns]);
  for await (const contacts of pieces) {
    yield toLines(
      contacts.map((contact) => [
        contact.phoneNumber,
        ...columns.map((column) => toCell(contact.contactData, column)),
        ...(hasMoreColumns ? [otherData(contact.contactData, known)] : []),
        ...Object.values(RESULTS).map((tell) => tell(contact)),
      ]),
    );
  }
}

const toLines = (rows: readonly (readonly Cell[])[]): string =>
  stringify(rows as Cell[][], { ...OPTIONS, cast: { string: readable } });

const readable = (text: string) => (E164.test(text) ? { value: text, escape_formulas: false } : text);

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
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  return JSON.stringify(value);
};

/** What has no column of its own, as JSON. */
const otherData = (row: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): Cell => {
  const others = Object.entries(row).filter(([key]) => !known.has(key));
  return others.length > 0 ? JSON.stringify(Object.fromEntries(others)) : null;
};
