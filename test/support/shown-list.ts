import type { ContactList, ContactListReport } from '../../src/batch-jobs/contact-list.js';

interface ShownContact {
  readonly phoneNumber: string;
  readonly contactData: Readonly<Record<string, unknown>>;
}

/** A list with its contacts read out and their data parsed, for comparing. */
export interface ShownList extends ContactListReport {
  readonly contacts: readonly ShownContact[];
}

/** Reads a list to its end and closes it. */
export async function shown(list: ContactList): Promise<ShownList> {
  const { validContacts, invalidContacts, duplicateContacts, rejectedRows } = list;
  try {
    const contacts: ShownContact[] = [];
    for await (const { phoneNumber, contactData } of list.contacts())
      contacts.push({ phoneNumber, contactData: JSON.parse(contactData) as ShownContact['contactData'] });
    return { contacts, validContacts, invalidContacts, duplicateContacts, rejectedRows };
  } finally {
    await list.close();
  }
}
