import { contactsOf, ContactSpool } from './contact-spool.js';

/** A row whose number is not judged yet. */
export interface DeferredRow {
  readonly row: number;
  /** E.164, or text without a plus sign that only a country makes a number of. In one line, without braces. */
  readonly number: string;
  /** The contact's data, as JSON. */
  readonly data: string;
}

/** Keeps rows as a list of contacts is kept, in flat memory, until it is known of which country their numbers are. */
export class DeferredRows {
  private readonly spool = new ContactSpool();

  add({ row, number, data }: DeferredRow): void {
    // A line of the spool is whatever stands before the first brace, and the data.
    this.spool.add({ phoneNumber: `${row} ${number}`, contactData: data });
  }

  /** As {@link ContactSpool.flush}. */
  flush(): Promise<void> {
    return this.spool.flush();
  }

  /** The rows in their order. Ends the adding. @throws as {@link flush} */
  async *rows(): AsyncGenerator<DeferredRow> {
    await this.spool.end();
    for await (const { phoneNumber, contactData: data } of contactsOf(this.spool.blocks())) {
      const space = phoneNumber.indexOf(' ');
      yield { row: Number(phoneNumber.slice(0, space)), number: phoneNumber.slice(space + 1), data };
    }
  }

  /** As {@link ContactSpool.close}. */
  close(): Promise<void> {
    return this.spool.close();
  }
}
