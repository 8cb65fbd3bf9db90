import { CONTACT_STATUSES } from '../../batch-jobs/contact.status.js';
import { OneOfField, WholeNumberField } from '../http/fields.js';
import { BOUNDS } from '../http/bounds.js';

/** The filter of a page of contacts. */
export const ContactStatusField = (): PropertyDecorator =>
  OneOfField({
    values: CONTACT_STATUSES,
    code: 'invalid_contact_status',
    description: 'Only contacts in this status.',
  });

/** Its number. */
export const ContactsPageField = (): PropertyDecorator =>
  WholeNumberField({ min: 1, max: BOUNDS.page, fallback: 1, code: 'invalid_page', description: 'Page of contacts.' });

/** How many are on it. */
export const ContactsPageSizeField = (): PropertyDecorator =>
  WholeNumberField({
    min: 1,
    max: BOUNDS.contactsOnPage,
    fallback: 50,
    code: 'invalid_page_size',
    description: 'Contacts on a page.',
  });
