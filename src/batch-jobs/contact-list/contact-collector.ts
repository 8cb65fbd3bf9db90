import { setImmediate } from 'node:timers/promises';
import { TooManyContactsError } from './contact-list.errors.js';
import { MAX_REJECTED_ROWS, MAX_ROWS_PER_CONTACT, type ContactList, type RejectedRow } from './contact-list.model.js';
import { contactsOf, ContactSpool } from './contact-spool.js';
import type { CountryCode } from './country.js';
import { DeferredRows, type DeferredRow } from './deferred-rows.js';
import { readNationalNumber } from './national-number.js';
import { PhoneNumberSet } from './phone-number-set.js';
import { readPhoneNumber } from './phone-number.js';

/** Judged in some milliseconds, also where the library is asked for each; then it is another request's turn. */
const ROWS_PER_TURN = 200;

/**
 * Gathers the rows of one list: judges each number, keeps the first row of each and counts the rest.
 *
 * A request may say behind its list of which country numbers without a plus sign are. From the first such number on
 * rows are deferred, all of them, so that the order stays and the first of two rows with one number is the first in the
 * list.
 */
export class ContactCollector {
  private readonly numbers = new PhoneNumberSet();
  private readonly spool = new ContactSpool();
  private deferred: DeferredRows | null = null;
  private rejectedRows: readonly RejectedRow[] = [];
  private invalidContacts = 0;
  private duplicateContacts = 0;

  constructor(private readonly maxContacts: number) {}

  /**
   * Refuses a list for its length alone.
   *
   * @param rows rows seen so far, blank ones included
   * @throws too_many_contacts  more than {@link MAX_ROWS_PER_CONTACT} for each contact a list may have
   */
  countRows(rows: number): void {
    const maxRows = this.maxContacts * MAX_ROWS_PER_CONTACT;
    if (rows > maxRows) throw TooManyContactsError.ofRows(maxRows, this.maxContacts);
  }

  /**
   * Takes one row with its number as written.
   *
   * @param writeData makes the contact's data, as JSON; asked only when the row is kept
   * @throws too_many_contacts  it is one more than the limit
   */
  add(row: number, phone: string, writeData: () => string): void {
    const reading = readPhoneNumber(phone);
    if ('reason' in reading) return this.reject(row, reading.reason);
    if ('national' in reading) this.deferred ??= new DeferredRows();
    else if (!this.deferred) return this.keep(reading.phoneNumber, writeData);
    const number = 'national' in reading ? reading.national : reading.phoneNumber;
    this.deferred.add({ row, number, data: writeData() });
  }

  /** Leaves a row out. The reason must not hold anything of the row. */
  reject(row: number, reason: string): void {
    this.invalidContacts += 1;
    if (this.rejectedRows.length < MAX_REJECTED_ROWS) this.rejectedRows = [...this.rejectedRows, { row, reason }];
  }

  /** Moves contacts out of memory where they are many: after some rows, and before the next ones. @throws unavailable */
  async flush(): Promise<void> {
    await this.spool.flush();
    await this.deferred?.flush();
  }

  /**
   * Everything gathered; without contacts when no row was valid.
   *
   * @param country of numbers without a plus sign; null: there is none
   * @throws unavailable        there is no room for it
   * @throws too_many_contacts  as {@link add}, of deferred rows
   */
  async list(country: CountryCode | null): Promise<ContactList> {
    if (this.deferred) await this.judge(this.deferred, country);
    const { spool, invalidContacts, duplicateContacts, rejectedRows } = this;
    await spool.end();
    return {
      validContacts: this.numbers.size,
      invalidContacts,
      duplicateContacts,
      rejectedRows,
      contacts: () => contactsOf(spool.blocks()),
      blocks: () => spool.blocks(),
      close: () => spool.close(),
    };
  }

  /** Lets go of everything, when there is to be no list. */
  async discard(): Promise<void> {
    await this.deferred?.close();
    await this.spool.close();
  }

  private keep(phoneNumber: string, writeData: () => string): void {
    if (!this.numbers.add(phoneNumber)) {
      this.duplicateContacts += 1;
      return;
    }
    if (this.numbers.size > this.maxContacts) throw TooManyContactsError.ofContacts(this.maxContacts);
    this.spool.add({ phoneNumber, contactData: writeData() });
  }

  private async judge(deferred: DeferredRows, country: CountryCode | null): Promise<void> {
    const atOnce = this.rejectedRows;
    this.rejectedRows = [];
    let rows = 0;
    for await (const row of deferred.rows()) {
      this.judgeOne(row, country);
      rows += 1;
      if (rows % ROWS_PER_TURN > 0) continue;
      await this.spool.flush();
      await setImmediate();
    }
    await deferred.close();
    // Of each kind the first are known, and so the first of both.
    this.rejectedRows = [...atOnce, ...this.rejectedRows].toSorted((a, b) => a.row - b.row).slice(0, MAX_REJECTED_ROWS);
  }

  private judgeOne({ row, number, data }: DeferredRow, country: CountryCode | null): void {
    const reading = number.startsWith('+') ? { phoneNumber: number } : readNationalNumber(number, country);
    if ('reason' in reading) this.reject(row, reading.reason);
    else this.keep(reading.phoneNumber, () => data);
  }
}
