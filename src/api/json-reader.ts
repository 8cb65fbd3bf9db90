import { BadRequestException } from '@nestjs/common';
import type { Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Writable } from 'node:stream';
import { callbackify } from 'node:util';
import secureJson from 'secure-json-parse';
import {
  ContactArrayReader,
  MAX_CONTACT_BYTES,
  readContactArray,
  type ContactList,
  type ContactListLimits,
} from '../batch-jobs/contact-list.js';
import { isJsonObject, parseExactly } from '../shared/exact-json.js';
import { invalidForm, invalidFormField } from './api.errors.js';
import { MAX_FIELDS_BYTES } from './form-reader.js';
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
}

/**
 * Reads a JSON object as it arrives: the array `contacts` is judged while it is uploaded, wherever in the object it stands.
 *
 * @param hash takes in every byte
 * @throws what `readContactArray` throws; a 400 for what is not JSON, or has a key `__proto__`
 * @throws invalid_request    not an object, `contacts` twice, or fields longer than any body of ours has
 * @throws payload_too_large  the body is longer than one with a list of `maxBytes`
 */
export async function readJsonBody(request: IncomingMessage, limits: ContactListLimits, hash: Hash): Promise<JsonBody> {
  const reader = new ContactArrayReader(limits);
  const cutter = new JsonCutter(
    'contacts',
    { maxElementBytes: MAX_ELEMENT_BYTES, maxRestBytes: MAX_FIELDS_BYTES },
    sinkOf(reader),
  );
  try {
    await receive(request, limits.maxBytes + UPLOAD_OVERHEAD_BYTES, () => intoCutter(cutter, reader, hash));
    const { contacts, ...fields } = fieldsOf(cutter.end());
    const country = countryOf(fields);
    if (contacts === cutter.placeholder) return { fields, list: await reader.finish(country) };
    if (reader.hasBegun) throw repetition();
    return { fields, list: contacts === undefined ? null : await readContactArray(contacts, limits, country) };
  } catch (error: unknown) {
    await reader.discard();
    throw error;
  }
}

const sinkOf = (reader: ContactArrayReader): JsonSink => ({
  take: (element) => reader.take(parseJson(element)),
  refuseLongElement: () => reader.refuseLong(),
  refuseRepetition: () => {
    throw repetition();
  },
  refuseLongRest: () => {
    throw invalidForm(`The fields beside 'contacts' are longer than ${MAX_FIELDS_BYTES} bytes together.`);
  },
});

const repetition = (): Error => invalidFormField('contacts', 'is given more than once. Give it once.');

const intoCutter = (cutter: JsonCutter, reader: ContactArrayReader, hash: Hash): Writable => {
  const take = async (chunk: Buffer): Promise<void> => {
    hash.update(chunk);
    cutter.write(chunk);
    await reader.pause();
  };
  return new Writable({ write: (chunk: Buffer, _encoding, done) => callbackify(take)(chunk, done) });
};

const fieldsOf = (text: string): Readonly<Record<string, unknown>> => {
  const body: unknown = text === '' ? null : parseJson(text);
  if (!isJsonObject(body)) throw invalidForm('The body must be a JSON object.');
  return body;
};

/** As Fastify parses JSON, by the same parser: a key `__proto__` would change what reads the object. */
const parseSafely = (text: string): unknown =>
  secureJson.parse(text, { protoAction: 'error', constructorAction: 'ignore' });

const parseJson = (text: string): unknown => {
  try {
    return parseExactly(text, parseSafely);
  } catch {
    throw new BadRequestException();
  }
};
