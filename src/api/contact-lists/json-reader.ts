import type { IncomingMessage } from 'node:http';
import { Writable } from 'node:stream';
import { callbackify } from 'node:util';
import {
  ContactArrayReader,
  MAX_CONTACT_BYTES,
  readContactArray,
  type ContactList,
  type ContactListLimits,
} from '../../batch-jobs/contact-list.js';
import { isJsonObject, parseExactly } from '../../shared/exact-json.js';
import { FieldsTooLargeError, invalidFormField, notAnObject } from '../http/api.errors.js';
import { ListDigest } from '../http/body-digest.js';
import { MAX_BODY_BYTES, MAX_JSON_DEPTH, notUtf8, parseJson, tooDeep } from '../http/json-body.js';
import { JsonCutter, type JsonSink } from './json-cutter.js';
import { countryOf } from './list-options.js';
import { receive, UPLOAD_OVERHEAD_BYTES } from './upload.js';

/** How much longer a contact may be written than it is kept: six characters for one (`\u0041`), and spaces. */
const MAX_ELEMENT_BYTES = 8 * MAX_CONTACT_BYTES;

/** A JSON body, its contacts apart. */
export interface JsonBody {
  readonly fields: Readonly<Record<string, unknown>>;
  /** Null when there were none. */
  readonly list: ContactList | null;
  /** Of fields and contacts: the same for every spelling of the same body. */
  readonly digest: Buffer;
}

/**
 * Reads a JSON object as it arrives: the array `contacts` is judged while it is uploaded, wherever in the object it stands.
 *
 * @throws what `readContactArray` throws; a 400 for what is not JSON, or has a key `__proto__`
 * @throws invalid_request    not an object, `contacts` twice, nested too deep, or not UTF-8
 * @throws payload_too_large  the body is longer than one with a list of `maxBytes`, or its fields than 64 KB
 */
export async function readJsonBody(request: IncomingMessage, limits: ContactListLimits): Promise<JsonBody> {
  const reader = new ContactArrayReader(limits);
  const digest = new ListDigest();
  const cutter = new JsonCutter(
    'contacts',
    { maxElementBytes: MAX_ELEMENT_BYTES, maxRestBytes: MAX_BODY_BYTES, maxDepth: MAX_JSON_DEPTH },
    sinkOf(reader, digest),
  );
  try {
    await receive(request, limits.maxBytes + UPLOAD_OVERHEAD_BYTES, () => intoCutter(cutter, reader));
    const { contacts, ...fields } = fieldsOf(cutter.end());
    const country = countryOf(fields);
    if (contacts === cutter.placeholder)
      return { fields, list: await reader.finish(country), digest: digest.with(fields) };
    if (reader.hasBegun) throw repetition();
    const list = contacts === undefined ? null : await readContactArray(contacts, limits, country);
    if (list) await digest.addAll(contacts as unknown[]);
    return { fields, list, digest: digest.with(fields) };
  } catch (error: unknown) {
    await reader.discard();
    throw error;
  }
}

const sinkOf = (reader: ContactArrayReader, digest: ListDigest): JsonSink => ({
  take: (element) => {
    const contact = parseExactly(element, parseJson);
    reader.take(contact);
    digest.add(contact);
  },
  refuseLongElement: () => reader.refuseLong(),
  refuseRepetition: () => {
    throw repetition();
  },
  refuseLongRest: () => {
    throw new FieldsTooLargeError(MAX_BODY_BYTES);
  },
  refuseDepth: () => {
    throw tooDeep();
  },
  refuseEncoding: () => {
    throw notUtf8();
  },
});

const repetition = (): Error => invalidFormField('contacts', 'is given more than once. Give it once.');

const intoCutter = (cutter: JsonCutter, reader: ContactArrayReader): Writable => {
  const take = async (chunk: Buffer): Promise<void> => {
    cutter.write(chunk);
    await reader.pause();
  };
  return new Writable({ write: (chunk: Buffer, _encoding, done) => callbackify(take)(chunk, done) });
};

const fieldsOf = (text: string): Readonly<Record<string, unknown>> => {
  const body: unknown = text === '' ? null : parseJson(text);
  if (!isJsonObject(body)) throw notAnObject();
  return body;
};
