import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { ContactCollector } from './contact-collector.js';
import { readContactColumns, shownColumn, type ContactColumns } from './contact-columns.js';
import { InvalidCsvError, NoValidContactsError } from './contact-list.errors.js';
import type { ContactList, ContactListLimits } from './contact-list.model.js';
import { CsvRows } from './csv-rows.js';
import { findDelimiter, readCsvText } from './csv-text.js';

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
 * @throws missing_phone_column  no column is called `phone` (any case)
 * @throws too_many_contacts     more than `maxContacts` valid ones, or five times as many rows of any kind; reading stops there
 * @throws no_valid_contacts     no row can be called
 * @throws unavailable           there is no room for a list of this length
 * @returns to be closed when it is used up; `BatchJobsService.create` does so
 */
export async function readContactCsv(
  file: Readable | AsyncIterable<Uint8Array>,
  limits: ContactListLimits,
): Promise<ContactList> {
  const collector = new ContactCollector(limits.maxContacts);
  try {
    const table = new ContactTable(collector, limits);
    let rows: CsvRows | null = null;
    for await (const text of readCsvText(file, limits.maxBytes)) {
      rows ??= new CsvRows(findDelimiter(text.toString()), (cells, row) => table.take(cells, row));
      await rows.write(text);
      await collector.flush();
      // A file that is in memory already would otherwise keep every other request waiting until its end.
      await setImmediate();
    }
    await rows?.end();
    return await table.finish();
  } catch (error: unknown) {
    await collector.discard();
    throw error;
  }
}

/** The rows of one file, from the header row on. */
class ContactTable {
  private columns: ContactColumns | null = null;
  /** The names as JSON, each with its colon. */
  private keys: readonly string[] = [];

  constructor(
    private readonly collector: ContactCollector,
    private readonly limits: ContactListLimits,
  ) {}

  take(cells: readonly string[], row: number): void {
    this.collector.countRows(row - 1);
    if (cells.every(isBlank)) return;
    if (this.columns === null) {
      this.columns = readContactColumns(cells, row, this.limits);
      this.keys = this.columns.names.map((name) => `${JSON.stringify(name)}:`);
      return;
    }
    this.takeContact(cells, row, this.columns);
  }

  async finish(): Promise<ContactList> {
    if (this.columns === null) {
      throw new InvalidCsvError(
        "The file is empty. It needs a header row with a column named 'phone' and a contact per row.",
      );
    }
    const list = await this.collector.list();
    if (list.validContacts > 0) return list;
    const first = list.rejectedRows[0];
    throw new NoValidContactsError(
      first === undefined
        ? 'The file has a header row but no contacts below it.'
        : `No row of the file can be called. Row ${first.row}: ${first.reason}`,
      list.rejectedRows,
    );
  }

  private takeContact(cells: readonly string[], row: number, columns: ContactColumns): void {
    this.refuseLongCell(cells, row, columns);
    const { names, phoneIndex, width } = columns;
    if (cells.length !== width) return this.collector.reject(row, wrongWidth(cells.length, width));
    if (!cells.every((cell, index) => index < names.length || isBlank(cell))) {
      return this.collector.reject(row, 'The row has a value in a column without a name.');
    }
    this.collector.add(row, cells[phoneIndex] ?? '', () => this.writeData(cells));
  }

  /** Without an object in between, which would put columns named like numbers first and has no plain key `__proto__`. */
  private writeData(cells: readonly string[]): string {
    let data = '';
    for (const [index, key] of this.keys.entries())
      data += `${index === 0 ? '' : ','}${key}${JSON.stringify(cells[index])}`;
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

const isBlank = (cell: string): boolean => cell.trim() === '';

const wrongWidth = (found: number, expected: number): string =>
  `The row has ${found} ${found === 1 ? 'cell' : 'cells'} but the header has ${expected}. Put cells that contain the separator in quotes.`;
