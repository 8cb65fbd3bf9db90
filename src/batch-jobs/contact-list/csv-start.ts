import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { InvalidCsvError } from './contact-list.errors.js';
import { csvOptions, isBlank, type Delimiter } from './csv-rows.js';
import { phoneColumnsOf } from './phone-column.js';

const DELIMITERS = [',', ';', '\t', '|'] as const satisfies readonly Delimiter[];

/** Rows with something in them among which the header is looked for: it, and what a report writes above it. */
const FILLED_ROWS = 10;

/** With the blank ones between them. */
const ROWS = 50;

/** Excel's own first line, which says what separates the cells. It shows no row for it. */
const SEPARATOR_LINE = /^"?sep=([^"\r\n])"?[ \t]*(?:\r?\n|$)/i;

/** Longer than that line. */
const SEPARATOR_LINE_BYTES = 32;

/** What the beginning of a file tells of all of it. */
export interface CsvStart {
  readonly delimiter: Delimiter;
  /**
   * The row that is the header, from 1; those above it are a title. When no row names a phone column, the first that
   * looks like a header.
   */
  readonly headerRow: number;
  /** Length of a first line `sep=;`, which is not a row. 0 without one. */
  readonly separatorLineBytes: number;
}

/**
 * Finds out how a file is written: what separates the cells, and where the header row is.
 *
 * The header names a phone column, and has more cells than any title above it. What separates is what makes one row a
 * header; where none is, what separates the cells of the first row that could be.
 *
 * @param start the beginning of the file, without a byte order mark
 * @param phoneColumn as the request names it, or null
 * @throws invalid_csv  two separators are equally good, or the file names one that nobody uses
 */
export function findCsvStart(start: Buffer, phoneColumn: string | null): CsvStart {
  const [line = '', separator] = SEPARATOR_LINE.exec(start.toString('latin1', 0, SEPARATOR_LINE_BYTES)) ?? [];
  const delimiters = separator === undefined ? DELIMITERS : [named(separator)];
  const text = start.toString('utf8', line.length);
  const { delimiter, row } = best(delimiters.map((one) => findHeader(text, one, phoneColumn)));
  return { delimiter, headerRow: row, separatorLineBytes: line.length };
}

function named(separator: string): Delimiter {
  const delimiter = DELIMITERS.find((one) => one === separator);
  if (delimiter !== undefined) return delimiter;
  throw new InvalidCsvError(`The line 'sep=' names a separator that is none of ${DELIMITERS.map(shown).join(', ')}.`);
}

/** A row that could be the header, if this separated the cells. */
interface Header {
  readonly delimiter: Delimiter;
  readonly row: number;
  readonly cells: number;
  readonly hasPhone: boolean;
}

function findHeader(text: string, delimiter: Delimiter, phoneColumn: string | null): Header {
  let likely: Header = { delimiter, row: 1, cells: 0, hasPhone: false };
  let widest = 0;
  for (const { row, names } of filledRows(text, delimiter)) {
    const cells = names.filter((name) => !isBlank(name)).length;
    const isBelowTitles = widest < Math.max(2, cells);
    if (isBelowTitles && phoneColumnsOf(names, phoneColumn).length > 0)
      return { delimiter, row, cells, hasPhone: true };
    if (likely.cells === 0 || (likely.cells === 1 && cells > 1)) likely = { ...likely, row, cells };
    widest = Math.max(widest, cells);
  }
  return likely;
}

function filledRows(text: string, delimiter: Delimiter): { readonly row: number; readonly names: readonly string[] }[] {
  const rows: string[][] = [];
  const take = (cells: string[]): null => {
    rows.push(cells);
    return null;
  };
  try {
    parse(text, { ...csvOptions(delimiter), to: ROWS, on_record: take });
  } catch (error: unknown) {
    // The text ends anywhere, and this may not be the separator. Who reads the file will tell what is wrong with it.
    if (!(error instanceof CsvError)) throw error;
  }
  return rows
    .map((names, at) => ({ row: at + 1, names }))
    .filter(({ names }) => !names.every(isBlank))
    .slice(0, FILLED_ROWS);
}

function best(headers: readonly Header[]): Header {
  const withPhone = headers.filter(({ hasPhone }) => hasPhone);
  const likely = withPhone.length > 0 ? withPhone : headers;
  const separated = likely.filter(({ cells }) => cells > 1);
  const row = Math.min(...separated.map((header) => header.row));
  const [first = likely[0], ...others] = separated.filter((header) => header.row === row);
  if (others.length === 0) return first;
  const several = [first, ...others].map(({ delimiter }) => shown(delimiter)).join(' and ');
  throw new InvalidCsvError(`The header row has both ${several} between its columns. Use one of them throughout.`);
}

const shown = (delimiter: Delimiter): string => (delimiter === '\t' ? 'a tab' : `'${delimiter}'`);
