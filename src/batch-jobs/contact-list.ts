/** The one place from which the rest of the service reads contact lists. */
export { ContactArrayReader, readContactArray } from './contact-list/contact-array.js';
export { readContactCsv, type CsvReading } from './contact-list/contact-csv.js';
export { readCountry, type CountryCode } from './contact-list/country.js';
export {
  DEFAULT_CONTACT_LIST_LIMITS,
  MAX_CONTACT_BYTES,
  type ContactBlock,
  type ContactList,
  type ContactListLimits,
  type ContactListReport,
  type NewContact,
} from './contact-list/contact-list.model.js';
