import { TooManyContactsError } from './contact-list.errors.js';
import { MAX_REJECTED_ROWS, MAX_ROWS_PER_CONTACT, type ContactList, type RejectedRow } from './contact-list.model.js';
import { contactsOf, ContactSpool } from './contact-spool.js';
import { PhoneNumberSet } from './phone-number-set.js';
import { readPhoneNumber } from './phone-number.js';

/** Gathers the rows of one list: judges each number, keeps the first row of each and counts the rest. */
export class ContactCollector {
  private readonly numbers = new PhoneNumberSet();
  private readonly spool = new ContactSpool();
  private readonly rejectedRows: RejectedRow[] = [];
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
    if (!this.numbers.add(reading.phoneNumber)) {
      this.duplicateContacts += 1;
      return;
    }
    if (this.numbers.size > this.maxContacts) throw TooManyContactsError.ofContacts(this.maxContacts);
    this.spool.add({ phoneNumber: reading.phoneNumber, contactData: writeData() });
  }

  /** Leaves a row out. The reason must not hold anything of the row. */
  reject(row: number, reason: string): void {
    this.invalidContacts += 1;
    if (this.rejectedRows.length < MAX_REJECTED_ROWS) this.rejectedRows.push({ row, reason });
  }

  /** Moves contacts out of memory where they are many: after some rows, and before the next ones. @throws unavailable */
  flush(): Promise<void> {
    return this.spool.flush();
  }

  /** Everything gathered; without contacts when no row was valid. @throws unavailable  there is no room for it */
  async list(): Promise<ContactList> {
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
  discard(): Promise<void> {
    return this.spool.close();
  }
}
