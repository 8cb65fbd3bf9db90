import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { ContactCollector } from './contact-collector.js';
import { readContactColumns, shownColumn, type ContactColumns } from './contact-columns.js';
import { InvalidCsvError, NoValidContactsError } from './contact-list.errors.js';
import type { ContactList, ContactListLimits } from './contact-list.model.js';
import type { CountryCode } from './country.js';
import { CsvRows, isBlank } from './csv-rows.js';
import { findCsvStart } from './csv-start.js';
import { readCsvText } from './csv-text.js';

/** What a request says of its file. */
export interface CsvReading {
  /** The name of the phone column. Null: the one that is called `phone`, or by another usual name. */
  readonly phoneColumn: string | null;
  /**
   * The country of numbers without a plus sign, which may be known only when the file was read. Null: there is none.
   */
  readonly country: CountryCode | null | Promise<CountryCode | null>;
}

/**
 * Reads a list of contacts from a CSV file with a header row.
 *
 * The file is read as it arrives and never held in memory; the chunks it arrives in make no difference. Rows that cannot be used are left out
 * and reported; what is wrong with the file as a whole refuses it. A stream is destroyed when its list is refused, so a
 * multipart reader must discard what is left. A fault of the stream itself (the client went away) is thrown as it is.
 *
 * @param file bytes of the file: a stream of buffers, without an encoding set
 * @throws payload_too_large     more than `maxBytes`; reading stops there
 * @throws invalid_csv           empty, not UTF-8, not a table, an unclear header row, a cell too long
 * @throws missing_phone_column  no column, or more than one, may be the phone column
 * @throws too_many_contacts     more than `maxContacts` valid ones, or five times as many rows of any kind; reading stops there
 * @throws no_valid_contacts     no row can be called
 * @throws unavailable           there is no room for a list of this length
 * @returns to be closed when it is used up; `BatchJobsService.create` does so
 */
export async function readContactCsv(
  file: Readable | AsyncIterable<Uint8Array>,
  limits: ContactListLimits,
  { phoneColumn, country }: CsvReading = { phoneColumn: null, country: null },
): Promise<ContactList> {
  const collector = new ContactCollector(limits.maxContacts);
  // It is waited for at the end of the file, and not at all where that is not reached.
  Promise.resolve(country).catch(() => undefined);
  try {
    const table = new ContactTable(collector, limits, phoneColumn);
    for await (const text of readCsvText(file, limits.maxBytes)) {
      await table.write(text);
      await collector.flush();
      // A file that is in memory already would otherwise keep every other request waiting until its end.
      await setImmediate();
    }
    return await table.finish(country);
  } catch (error: unknown) {
    await collector.discard();
    throw error;
  }
}

/** One file: the title above its header, the header, and the contacts below. */
class ContactTable {
  private rows: CsvRows | null = null;
  private headerRow = 1;
  private columns: ContactColumns | null = null;
  /** The names as JSON, each with its colon. */
  private keys: readonly string[] = [];

  constructor(
    private readonly collector: ContactCollector,
    private readonly limits: ContactListLimits,
    private readonly phoneColumn: string | null,
  ) {}

  async write(text: Buffer): Promise<void> {
    await (this.rows ? this.rows.write(text) : this.begin(text));
  }

  async finish(country: CsvReading['country']): Promise<ContactList> {
    await this.rows?.end();
    if (this.columns === null) {
      throw new InvalidCsvError(
        "The file is empty. It needs a header row with a column named 'phone' and a contact per row.",
      );
    }
    const list = await this.collector.list(await country);
    if (list.validContacts > 0) return list;
    const first = list.rejectedRows[0];
    throw new NoValidContactsError(
      first === undefined
        ? 'The file has a header row but no contacts below it.'
        : `No row of the file can be called. Row ${first.row}: ${first.reason}`,
      list.rejectedRows,
    );
  }

  private async begin(text: Buffer): Promise<void> {
    const { delimiter, headerRow, separatorLineBytes } = findCsvStart(text, this.phoneColumn);
    this.headerRow = headerRow;
    this.rows = new CsvRows(delimiter, separatorLineBytes > 0 ? 2 : 1, (cells, row) => this.take(cells, row));
    await this.rows.write(text.subarray(separatorLineBytes));
  }

  private take(cells: readonly string[], row: number): void {
    this.collector.countRows(row - 1);
    if (row < this.headerRow || cells.every(isBlank)) return;
    if (this.columns !== null) return this.takeContact(cells, row, this.columns);
    this.columns = readContactColumns(cells, row, this.limits, this.phoneColumn);
    this.keys = this.columns.names.map((name) => `${JSON.stringify(name)}:`);
  }

  private takeContact(cells: readonly string[], row: number, columns: ContactColumns): void {
    this.refuseLongCell(cells, row, columns);
    const { names, phoneIndex } = columns;
    if (cells.length > names.length && !cells.slice(names.length).every(isBlank)) {
      return this.collector.reject(row, tooWide(cells.length, names.length));
    }
    this.collector.add(row, cells[phoneIndex] ?? '', () => this.writeData(cells));
  }

  /**
   * Cells that the row lacks are empty. Without an object in between, which would put columns named like numbers first
   * and has no plain key `__proto__`.
   */
  private writeData(cells: readonly string[]): string {
    let data = '';
    for (const [index, key] of this.keys.entries())
      data += `${index === 0 ? '' : ','}${key}${JSON.stringify(cells[index] ?? '')}`;
    return `{${data}}`;
  }

  private refuseLongCell(cells: readonly string[], row: number, { names }: ContactColumns): void {
    const { maxCellLength } = this.limits;
    const index = cells.findIndex((cell) => cell.length > maxCellLength);
    if (index === -1) return;
    const column = shownColumn(names[index] ?? `column ${index + 1}`);
    throw new InvalidCsvError(
      `The cell in row ${row}, column '${column}' is longer than ${maxCellLength} characters. Shorten it, or close a quote left open.`,
      { row, column },
    );
  }
}

const tooWide = (found: number, expected: number): string =>
  `The row has a value in a column without a name: it has ${found} cells but the header has ${expected} ${expected === 1 ? 'name' : 'names'}. Put cells that contain the separator in quotes, or name the column.`;
