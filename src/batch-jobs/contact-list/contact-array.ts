import { ContactCollector } from './contact-collector.js';
import { shownColumn } from './contact-columns.js';
import {
  ContactListTooLargeError,
  InvalidContactsError,
  InvalidPhoneFormatError,
  NoValidContactsError,
} from './contact-list.errors.js';
import { MAX_CONTACT_BYTES, type ContactList, type ContactListLimits } from './contact-list.model.js';

type JsonObject = Readonly<Record<string, unknown>>;

/** Levels of objects and arrays inside one contact, itself included. Far more than a form has, far less than a stack. */
const MAX_DEPTH = 16;

/** What PostgreSQL cannot store in JSON: U+0000 and halves of a surrogate pair. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/**
 * Reads a list of contacts from the `contacts` field of a JSON body, already parsed.
 *
 * Contacts without a usable `phone` are left out and reported; anything else that is wrong refuses the list, with its path.
 * Contact data are the given objects themselves, unchanged. Keys are compared exactly: `Phone` is a custom field.
 *
 * @throws invalid_request       not an array of objects; `name` is no string; a value that is too long, too deep or not storable
 * @throws payload_too_large     together more than `maxBytes` as compact JSON
 * @throws too_many_contacts     more than `maxContacts` valid ones, or five times as many of any kind
 * @throws no_valid_contacts     the array is empty
 * @throws invalid_phone_format  no contact has a usable number
 */
export function readContactArray(contacts: unknown, limits: ContactListLimits): ContactList {
  if (!Array.isArray(contacts)) {
    throw new InvalidContactsError('contacts', '`contacts` must be an array of objects, each with a `phone`.');
  }
  if (contacts.length === 0)
    throw new NoValidContactsError('`contacts` is empty. Give at least one contact with a `phone`.');

  const collector = new ContactCollector(limits.maxContacts, contacts.length);
  collector.countRows(contacts.length);
  let bytes = 0;
  for (let index = 0; index < contacts.length; index += 1) {
    const contact: unknown = contacts[index];
    const place = `contacts[${index}]`;
    if (!isJsonObject(contact)) throw refusal(place, 'must be an object with a `phone`');
    bytes += sizeOf(contact, place, limits);
    if (bytes > limits.maxBytes) throw new ContactListTooLargeError(limits.maxBytes);
    addContact(collector, contact, index + 1);
  }

  const list = collector.list();
  if (list.contacts.length === 0) throw new InvalidPhoneFormatError(list.invalidContacts, list.rejectedRows);
  return list;
}

function addContact(collector: ContactCollector, contact: JsonObject, row: number): void {
  const phone = Object.hasOwn(contact, 'phone') ? contact.phone : undefined;
  if (typeof phone === 'string') collector.add(row, phone, () => contact);
  else if (phone === undefined || phone === null) collector.reject(row, 'The contact has no `phone`.');
  else collector.reject(row, '`phone` is not a string.');
}

const refusal = (place: string, fault: string): InvalidContactsError =>
  new InvalidContactsError(place, `\`${place}\` ${fault}.`);

/** Measures one contact as compact JSON, in bytes; refuses what no contact may be. */
function sizeOf(contact: JsonObject, place: string, limits: ContactListLimits): number {
  const keys = Object.keys(contact);
  if (keys.length > limits.maxColumns) {
    throw refusal(place, `has ${keys.length} fields; at most ${limits.maxColumns} are allowed`);
  }
  for (const key of keys) {
    const fault = faultOf(key, limits) ?? faultOf(contact[key], limits);
    if (fault !== null) throw refusal(`${place}.${shownColumn(key)}`, fault);
  }
  if (Object.hasOwn(contact, 'name') && contact.name !== null && typeof contact.name !== 'string') {
    throw refusal(`${place}.name`, 'must be a string');
  }
  const bytes = Buffer.byteLength(JSON.stringify(contact));
  if (bytes > MAX_CONTACT_BYTES) throw refusal(place, `is larger than ${MAX_CONTACT_BYTES} bytes`);
  return bytes;
}

const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Looks through a value, without recursion, for what cannot be kept. @returns the end of a sentence, or null */
function faultOf(root: unknown, { maxCellLength }: ContactListLimits): string | null {
  let level: unknown[] = [root];
  for (let depth = 1; level.length > 0; depth += 1) {
    const next: unknown[] = [];
    for (const value of level) {
      const fault = faultOfOne(value, maxCellLength);
      if (fault !== null) return fault;
      if (typeof value === 'object' && value !== null) append(next, value);
    }
    if (next.length > 0 && depth === MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
    level = next;
  }
  return null;
}

function append(values: unknown[], container: object): void {
  for (const [key, value] of Object.entries(container)) {
    if (!Array.isArray(container)) values.push(key);
    values.push(value);
  }
}

function faultOfOne(value: unknown, maxCellLength: number): string | null {
  if (typeof value === 'string') {
    if (value.length > maxCellLength) return `is longer than ${maxCellLength} characters`;
    return UNSTORABLE.test(value) ? 'has a character that cannot be stored (U+0000 or half of a surrogate pair)' : null;
  }
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'is a number too large to keep';
  return typeof value === 'boolean' || typeof value === 'object' ? null : 'is not a JSON value';
}
