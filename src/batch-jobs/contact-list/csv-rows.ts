import { CsvError, parse, type InfoRecord, type Options, type Parser } from 'csv-parse';
import { InvalidCsvError } from './contact-list.errors.js';
import { MAX_CONTACT_BYTES } from './contact-list.model.js';
import { PIECE_BYTES } from './csv-text.js';

/** Receives one row: its cells, and its number as a spreadsheet shows it (the first is 1; blank rows come, too). */
export type TakeRow = (cells: readonly string[], row: number) => void;

/** What may separate cells. */
export type Delimiter = ',' | ';' | '\t' | '|';

/** How rows are cut, wherever they are. */
export const csvOptions = (delimiter: Delimiter) =>
  ({ delimiter, record_delimiter: ['\r\n', '\n'], relax_column_count: true }) satisfies Options;

/** Whether nobody sees anything in a cell. */
export const isBlank = (cell: string): boolean => /^[\s\p{Cf}]*$/u.test(cell);

/** What csv-parse finds wrong, told without its own sentences: they quote the cell. */
const QUOTE_FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote that is never closed',
  CSV_INVALID_CLOSING_QUOTE:
    'text after a closing quote; a quote inside a quoted cell must be doubled and the cell must end at its closing quote',
  INVALID_OPENING_QUOTE:
    'a quote in the middle of a cell; put the whole cell in quotes and double the quotes inside it',
};

/**
 * Cuts CSV text into rows as the text arrives, by RFC 4180 with any {@link Delimiter} and with LF or CRLF, also mixed.
 *
 * Rows go to the callback while the text is written and are not kept here. What the callback throws comes out of
 * {@link write} or {@link end} unchanged; after that nothing more may be written.
 */
export class CsvRows {
  private readonly parser: Parser;
  private row = 0;
  private bytesWritten = 0;
  private bytesOfRows = 0;

  /** @param line on which the next row begins; the first is 1 */
  constructor(
    delimiter: Delimiter,
    private line: number,
    private readonly take: TakeRow,
  ) {
    this.parser = parse({
      ...csvOptions(delimiter),
      max_record_size: 0,
      on_record: (cells: string[], { bytes }: InfoRecord) => this.finishRow(cells, bytes),
    });
    // The fault is reported by the write that met it; without a listener the stream's own event would end the process.
    this.parser.on('error', () => {});
  }

  /**
   * @throws invalid_csv  a faulty quote, or a row longer than {@link MAX_CONTACT_BYTES}
   */
  async write(text: Buffer): Promise<void> {
    await this.settle((done) => this.parser.write(text, done));
    this.bytesWritten += text.length;
    // A row that does not end is stopped a piece later than one that does; only this keeps it from filling the memory.
    this.refuseLongRow(this.bytesWritten - PIECE_BYTES);
  }

  /** Takes the last row, which may lack its line end. @throws invalid_csv  a quote is still open */
  async end(): Promise<void> {
    await this.settle((done) => this.parser.end(done));
  }

  private async settle(feed: (done: (error?: Error | null) => void) => void): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        feed((error) => (error ? reject(error) : resolve()));
      });
    } catch (error: unknown) {
      throw error instanceof CsvError ? this.faultOf(error) : error;
    }
  }

  private finishRow(cells: string[], bytes: number): null {
    this.refuseLongRow(bytes);
    this.row += 1;
    this.take(cells, this.row);
    this.line += 1;
    for (const cell of cells) this.line += countLineBreaks(cell);
    this.bytesOfRows = bytes;
    return null;
  }

  private refuseLongRow(end: number): void {
    if (end - this.bytesOfRows <= MAX_CONTACT_BYTES) return;
    const { row, line } = this.next();
    const detail = `Row ${row} (line ${line}) is longer than ${MAX_CONTACT_BYTES} bytes. Is a quote left open there?`;
    throw new InvalidCsvError(detail, { row, line });
  }

  private faultOf(error: CsvError): Error {
    const fault = QUOTE_FAULTS[error.code];
    if (fault === undefined) return error;
    const { row, line } = this.next();
    return new InvalidCsvError(`Row ${row} (begins on line ${line}) has ${fault}.`, { row, line });
  }

  private next(): { readonly row: number; readonly line: number } {
    return { row: this.row + 1, line: this.line };
  }
}

function countLineBreaks(cell: string): number {
  let count = 0;
  for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count += 1;
  return count;
}
