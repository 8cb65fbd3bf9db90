import type { ContactStatus } from '../../batch-jobs/contact.status.js';
import { ContactsPageField, ContactsPageSizeField, ContactStatusField } from '../contacts/contact-page.fields.js';

export class DetailQuery {
  @ContactStatusField() contactStatus?: ContactStatus;
  @ContactsPageField() contactsPage: number = 1;
  @ContactsPageSizeField() contactsPageSize: number = 50;
}
