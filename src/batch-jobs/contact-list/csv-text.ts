import { isPhoneColumn } from './contact-columns.js';
import { ContactListTooLargeError, InvalidCsvError } from './contact-list.errors.js';

/** Size of the pieces a file is read in: small enough to read one in a few milliseconds. Also how far the header row is searched. */
export const PIECE_BYTES = 16_384;

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

const SAVE_AS = "Save it as 'CSV UTF-8'.";

/** First bytes of files that are often uploaded by mistake. */
const NOT_CSV: readonly (readonly [start: Buffer, detail: string])[] = [
  [Buffer.from('PK\x03\x04'), `The file is a spreadsheet workbook (.xlsx) or a zip archive, not a CSV. ${SAVE_AS}`],
  [Buffer.from([0xd0, 0xcf, 0x11, 0xe0]), `The file is an old Excel workbook (.xls), not a CSV. ${SAVE_AS}`],
  [Buffer.from([0xff, 0xfe]), `The file is UTF-16 text, which spreadsheets call 'Unicode Text'. ${SAVE_AS}`],
  [Buffer.from([0xfe, 0xff]), `The file is UTF-16 text, which spreadsheets call 'Unicode Text'. ${SAVE_AS}`],
  [Buffer.from([0x1f, 0x8b]), 'The file is compressed (gzip). Upload the CSV itself.'],
];

/**
 * Reads a file as pieces of UTF-8 text, each 16 KiB but the last, without its byte order mark.
 *
 * The pieces depend on the bytes alone, not on the chunks they arrive in, and nothing but one piece is held. A character may
 * be split between two pieces. Reading stops, and the file is destroyed if it is a stream, at the first fault.
 *
 * @throws payload_too_large  more than `maxBytes`, seen at most one chunk after the limit
 * @throws invalid_csv        not UTF-8, a NUL, or a known other kind of file
 */
export async function* readCsvText(file: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  for await (const piece of cut(file)) {
    if (bytes === 0) refuseOtherFiles(piece);
    const isFirst = bytes === 0;
    bytes += piece.length;
    if (bytes > maxBytes) throw new ContactListTooLargeError(maxBytes);
    if (piece.includes(0)) {
      throw new InvalidCsvError(`The file has a NUL character, so it is not UTF-8 text. ${SAVE_AS}`);
    }
    refuseUnlessUtf8(() => decoder.decode(piece, { stream: true }));
    yield isFirst && piece.indexOf(BYTE_ORDER_MARK) === 0 ? piece.subarray(BYTE_ORDER_MARK.length) : piece;
  }
  refuseUnlessUtf8(() => decoder.decode());
}

async function* cut(file: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafe(PIECE_BYTES);
  let filled = 0;
  for await (const chunk of file) {
    for (let from = 0; from < chunk.length;) {
      const taken = chunk.subarray(from, from + PIECE_BYTES - filled);
      piece.set(taken, filled);
      filled += taken.length;
      from += taken.length;
      if (filled < PIECE_BYTES) continue;
      yield piece;
      piece = Buffer.allocUnsafe(PIECE_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

function refuseOtherFiles(piece: Buffer): void {
  const other = NOT_CSV.find(([start]) => piece.subarray(0, start.length).equals(start));
  if (other !== undefined) throw new InvalidCsvError(other[1]);
}

function refuseUnlessUtf8(decode: () => string): void {
  try {
    decode();
  } catch {
    throw new InvalidCsvError(`The file is not UTF-8 text. ${SAVE_AS}`);
  }
}

/**
 * Finds what separates the cells, from the header row: the one of `,` and `;` that it has outside quotes. When it has both
 * (`phone;name;amount, EUR`), the one that makes a column `phone`.
 *
 * @param start the beginning of the file, at least its header row where that is possible
 * @throws invalid_csv  both separate, and neither or each of them makes a column `phone`
 */
export function findDelimiter(start: string): ',' | ';' {
  const header = firstRow(start);
  const byComma = splitOutsideQuotes(header, ',');
  const bySemicolon = splitOutsideQuotes(header, ';');
  if (bySemicolon.length === 1) return ',';
  if (byComma.length === 1) return ';';
  const comma = byComma.some(isQuotedPhoneColumn);
  if (comma === bySemicolon.some(isQuotedPhoneColumn)) {
    throw new InvalidCsvError("The header row has both ',' and ';' between its columns. Use one of them throughout.");
  }
  return comma ? ',' : ';';
}

const isQuotedPhoneColumn = (cell: string): boolean => isPhoneColumn(cell.trim().replace(/^"|"$/g, ''));

/** The first row with anything in it; line breaks inside quotes do not end it. */
function firstRow(text: string): string {
  let isQuoted = false;
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '"') isQuoted = !isQuoted;
    if (text[i] !== '\n' || isQuoted) continue;
    const row = text.slice(from, i);
    if (/[^\s,;"]/.test(row)) return row;
    from = i + 1;
  }
  return text.slice(from);
}

function splitOutsideQuotes(row: string, delimiter: ',' | ';'): string[] {
  const cells: string[] = [];
  let isQuoted = false;
  let from = 0;
  for (let i = 0; i < row.length; i += 1) {
    if (row[i] === '"') isQuoted = !isQuoted;
    if (row[i] !== delimiter || isQuoted) continue;
    cells.push(row.slice(from, i));
    from = i + 1;
  }
  return [...cells, row.slice(from)];
}
