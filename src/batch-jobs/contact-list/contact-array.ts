import { setImmediate } from 'node:timers/promises';
import { ExactNumber, isJsonObject, stringifyExactly } from '../../shared/exact-json.js';
import { ContactCollector } from './contact-collector.js';
import { shownColumn } from './contact-columns.js';
import {
  ContactListTooLargeError,
  InvalidContactsError,
  InvalidPhoneFormatError,
  NoValidContactsError,
  TooManyContactsError,
} from './contact-list.errors.js';
import type { CountryCode } from './country.js';
import { MAX_CONTACT_BYTES, type ContactList, type ContactListLimits } from './contact-list.model.js';

type JsonObject = Readonly<Record<string, unknown>>;

/** Levels of objects and arrays inside one contact, itself included. Far more than a form has, far less than a stack. */
const MAX_DEPTH = 16;

/** Judged in a few milliseconds; then it is another request's turn. */
const CONTACTS_PER_TURN = 500;

/** What PostgreSQL cannot store in JSON: U+0000 and halves of a surrogate pair. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/**
 * Reads a list of contacts from the `contacts` field of a JSON body, already parsed.
 *
 * Contacts without a usable `phone` are left out and reported; anything else that is wrong refuses the list, with its path.
 * Contact data are the given objects, unchanged. Keys are compared exactly: `Phone` is a custom field.
 *
 * @param country of numbers without a plus sign, which may be numbers of JSON, too; null: there is none
 * @throws invalid_request       not an array of objects; `name` is no string; a value that is too long, too deep or not storable
 * @throws payload_too_large     together more than `maxBytes` as compact JSON
 * @throws too_many_contacts     more than `maxContacts` valid ones, or five times as many of any kind
 * @throws no_valid_contacts     the array is empty
 * @throws invalid_phone_format  no contact has a usable number
 * @throws unavailable           there is no room for a list of this length
 * @returns to be closed when it is used up; `BatchJobsService.create` does so
 */
export async function readContactArray(
  contacts: unknown,
  limits: ContactListLimits,
  country: CountryCode | null = null,
): Promise<ContactList> {
  if (!Array.isArray(contacts)) {
    throw new InvalidContactsError('contacts', '`contacts` must be an array of objects, each with a `phone`.');
  }
  const reader = new ContactArrayReader(limits);
  try {
    for (const [index, contact] of contacts.entries()) {
      reader.take(contact);
      if (index % CONTACTS_PER_TURN === 0) await reader.pause();
    }
    return await reader.finish(country);
  } catch (error: unknown) {
    await reader.discard();
    throw error;
  }
}

/** Judges the contacts of a JSON array one by one, as `readContactArray` says. To be discarded when it, or anybody else, throws. */
export class ContactArrayReader {
  private readonly collector: ContactCollector;
  private entries = 0;
  private bytes = 0;
  private hasTooMany = false;

  constructor(private readonly limits: ContactListLimits) {
    this.collector = new ContactCollector(limits.maxContacts);
  }

  /** Whether there was a contact, of whatever kind. */
  get hasBegun(): boolean {
    return this.entries > 0;
  }

  /** Refuses the next contact, which is so long that nobody read it. */
  refuseLong(): never {
    throw tooLong(placeOf(this.entries));
  }

  take(contact: unknown): void {
    const place = placeOf(this.entries);
    this.entries += 1;
    this.collector.countRows(this.entries);
    // The refusal names the length of the list, which is not known yet.
    if (this.hasTooMany) return;
    if (!isJsonObject(contact)) throw refusal(place, 'must be an object with a `phone`');
    const data = writeChecked(contact, place, this.limits);
    this.bytes += Buffer.byteLength(data);
    if (this.bytes > this.limits.maxBytes) throw new ContactListTooLargeError(this.limits.maxBytes);
    this.add(contact, data);
  }

  /** To be awaited after some contacts: lets other work in, and moves contacts out of memory where they are many. */
  async pause(): Promise<void> {
    await this.collector.flush();
    await setImmediate();
  }

  /** @param country as for `readContactArray` */
  async finish(country: CountryCode | null): Promise<ContactList> {
    if (this.entries === 0) {
      throw new NoValidContactsError('`contacts` is empty. Give at least one contact with a `phone`.');
    }
    if (this.hasTooMany) throw this.tooMany();
    const list = await this.collector.list(country).catch((error: unknown) => {
      throw error instanceof TooManyContactsError ? this.tooMany() : error;
    });
    if (list.validContacts === 0) throw new InvalidPhoneFormatError(list.invalidContacts, list.rejectedRows);
    return list;
  }

  /** Lets go of everything, when there is to be no list. */
  discard(): Promise<void> {
    return this.collector.discard();
  }

  private tooMany(): TooManyContactsError {
    return TooManyContactsError.ofContacts(this.limits.maxContacts, this.entries);
  }

  private add(contact: JsonObject, data: string): void {
    const row = this.entries;
    const phone = Object.hasOwn(contact, 'phone') ? contact.phone : undefined;
    if (phone === undefined || phone === null) return this.collector.reject(row, 'The contact has no `phone`.');
    const written = isWhole(phone) ? String(phone) : phone;
    if (typeof written !== 'string') return this.collector.reject(row, '`phone` is not a string.');
    try {
      this.collector.add(row, written, () => data);
    } catch (error: unknown) {
      if (!(error instanceof TooManyContactsError)) throw error;
      this.hasTooMany = true;
    }
  }
}

/** A phone number as a number, which has neither a plus sign nor a leading zero. */
const isWhole = (phone: unknown): phone is number => Number.isSafeInteger(phone) && Number(phone) > 0;

const placeOf = (index: number): string => `contacts[${index}]`;

const tooLong = (place: string): InvalidContactsError => refusal(place, `is larger than ${MAX_CONTACT_BYTES} bytes`);

const refusal = (place: string, fault: string): InvalidContactsError =>
  new InvalidContactsError(place, `\`${place}\` ${fault}.`);

/** Writes one contact as compact JSON; refuses what no contact may be. */
function writeChecked(contact: JsonObject, place: string, limits: ContactListLimits): string {
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
  const data = stringifyExactly(contact);
  if (Buffer.byteLength(data) > MAX_CONTACT_BYTES) throw tooLong(place);
  return data;
}

/** Looks through a value for what cannot be kept, no deeper than it may be. @returns the end of a sentence, or null */
function faultOf(value: unknown, limits: ContactListLimits, depth = 1): string | null {
  const fault = faultOfOne(value, limits.maxCellLength);
  if (fault !== null || typeof value !== 'object' || value === null || value instanceof ExactNumber) return fault;
  const inner: unknown[] = Array.isArray(value) ? value : Object.entries(value).flat();
  if (inner.length > 0 && depth === MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
  for (const one of inner) {
    const found = faultOf(one, limits, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

function faultOfOne(value: unknown, maxCellLength: number): string | null {
  if (typeof value === 'string') {
    if (value.length > maxCellLength) return `is longer than ${maxCellLength} characters`;
    return UNSTORABLE.test(value) ? 'has a character that cannot be stored (U+0000 or half of a surrogate pair)' : null;
  }
  if (typeof value === 'number' || value instanceof ExactNumber) {
    return Number.isFinite(Number(value)) ? null : 'is a number too large to keep';
  }
  return typeof value === 'boolean' || typeof value === 'object' ? null : 'is not a JSON value';
}
