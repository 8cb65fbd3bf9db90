import { TooManyContactsError } from './contact-list.errors.js';
import {
  MAX_REJECTED_ROWS,
  MAX_ROWS_PER_CONTACT,
  type ContactList,
  type NewContact,
  type RejectedRow,
} from './contact-list.model.js';
import { readPhoneNumber } from './phone-number.js';

/** Gathers the rows of one list: judges each number, keeps the first row of each and counts the rest. */
export class ContactCollector {
  private readonly contacts: NewContact[] = [];
  private readonly seen = new Set<string>();
  private readonly rejectedRows: RejectedRow[] = [];
  private invalidContacts = 0;
  private duplicateContacts = 0;

  /** @param entries length of the list where it is known before reading, for the sentence that refuses too many */
  constructor(
    private readonly maxContacts: number,
    private readonly entries?: number,
  ) {}

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
   * @param readData makes the contact's data; asked only when the row is kept
   * @throws too_many_contacts  it would be one more than the limit
   */
  add(row: number, phone: string, readData: () => NewContact['contactData']): void {
    const reading = readPhoneNumber(phone);
    if ('reason' in reading) return this.reject(row, reading.reason);
    if (this.seen.has(reading.phoneNumber)) {
      this.duplicateContacts += 1;
      return;
    }
    if (this.contacts.length === this.maxContacts)
      throw TooManyContactsError.ofContacts(this.maxContacts, this.entries);
    this.seen.add(reading.phoneNumber);
    this.contacts.push({ phoneNumber: reading.phoneNumber, contactData: readData() });
  }

  /** Leaves a row out. The reason must not hold anything of the row. */
  reject(row: number, reason: string): void {
    this.invalidContacts += 1;
    if (this.rejectedRows.length < MAX_REJECTED_ROWS) this.rejectedRows.push({ row, reason });
  }

  /** Everything gathered so far; without contacts when no row was valid. */
  list(): ContactList {
    const { contacts, invalidContacts, duplicateContacts, rejectedRows } = this;
    return { contacts, invalidContacts, duplicateContacts, rejectedRows };
  }
}
