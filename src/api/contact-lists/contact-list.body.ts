import { createParamDecorator, Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { UploadLimit } from '../../access/at-once.limit.js';
import { keyOf } from '../../access/authentication.js';
import {
  DEFAULT_CONTACT_LIST_LIMITS,
  readContactArray,
  readContactCsv,
  type ContactList,
  type ContactListLimits,
  type CsvReading,
} from '../../batch-jobs/contact-list.js';
import { isJsonObject } from '../../shared/exact-json.js';
import { SETTINGS, type Settings } from '../../shared/settings.js';
import { FieldsTooLargeError, invalidForm, notAnObject, UnsupportedMediaTypeError } from '../http/api.errors.js';
import { canonical, digestOf, hashing, keepBodyDigest, ListDigest } from '../http/body-digest.js';
import { readForm, type FieldsAround } from './form-reader.js';
import { MAX_BODY_BYTES } from '../http/json-body.js';
import { readJsonBody } from './json-reader.js';
import { countryOf, phoneColumnOf, refuseColumn, refuseLateColumn } from './list-options.js';
import { rawRequest, whenOver } from '../http/raw-request.js';
import { RequestBody, type Exchange } from '../http/request.body.js';

type Request = Exchange['request'];

const lists = new WeakMap<object, ContactList>();

/** Of a route that reads either. */
export const ONE_OF_TWO_TYPES =
  "Send the batch as 'application/json' with contacts, or as 'multipart/form-data' with a CSV file.";

const ONE_OF_TWO = "Send the contacts as a CSV in the form field 'file', or as the JSON array 'contacts'.";

/** A body that was read: its list, and its fields, which are not judged yet. */
interface ListBody {
  readonly fields: object;
  readonly list: ContactList;
}

/**
 * Takes the contact list out of the body before the rest of it is judged: it is read while it is uploaded, and no
 * contact passes through the validator of a dozen fields. The fields stay in `body`. Whatever becomes of the request,
 * the list is closed with it.
 *
 * @throws too_many_at_once  the key, or the service, reads as many lists as may be
 */
@Injectable()
export class ContactListBody extends RequestBody {
  private readonly limits: ContactListLimits;

  constructor(
    @Inject(SETTINGS) { maxContacts, maxUploadBytes }: Settings,
    private readonly uploads: UploadLimit,
  ) {
    super();
    this.limits = { ...DEFAULT_CONTACT_LIST_LIMITS, maxContacts, maxBytes: maxUploadBytes };
  }

  async take({ request, response }: Exchange): Promise<() => void> {
    whenOver(response, this.uploads.take(keyOf(request).id));
    const { fields, list } = await this.read(request);
    request.body = fields;
    lists.set(request, list);
    return () => void list.close();
  }

  private read(request: Request): Promise<ListBody> {
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (type === 'multipart/form-data') return this.readForm(rawRequest(request));
    if (type !== 'application/json') throw new UnsupportedMediaTypeError(ONE_OF_TWO_TYPES);
    const raw = rawRequest(request);
    // The adapter of a host has parsed it, whatever it is; the standalone service leaves it to us.
    return request.body === undefined && !raw.readableDidRead ? this.readJson(raw) : this.readParsed(request);
  }

  private async readForm(raw: IncomingMessage): Promise<ListBody> {
    const hash = createHash('sha256');
    const { fields, file } = await readForm(raw, this.limits.maxBytes, (content, around) =>
      readContactCsv(hashing(content, hash), this.limits, readingOf(around)),
    );
    if (!file) throw invalidForm(ONE_OF_TWO, 'file');
    if ('contacts' in fields) {
      await file.close();
      throw invalidForm(ONE_OF_TWO, 'contacts');
    }
    // Without what surrounds the fields: a client makes up another boundary each time.
    const digest = digestOf(canonical(fields), hash.digest());
    keepBodyDigest(raw, () => digest);
    return { fields, list: file };
  }

  private async readJson(raw: IncomingMessage): Promise<ListBody> {
    const { fields, list, digest } = await readJsonBody(raw, this.limits);
    if (!list) throw invalidForm(ONE_OF_TWO, 'contacts');
    try {
      refuseFormFields(fields);
    } catch (error: unknown) {
      await list.close();
      throw error;
    }
    keepBodyDigest(raw, () => digest);
    return { fields, list };
  }

  private async readParsed(request: Request): Promise<ListBody> {
    const { body } = request;
    if (!isJsonObject(body)) throw notAnObject();
    const { contacts, ...fields } = body;
    if (contacts === undefined) throw invalidForm(ONE_OF_TWO, 'contacts');
    refuseFormFields(fields);
    if (Buffer.byteLength(canonical(fields)) > MAX_BODY_BYTES) throw new FieldsTooLargeError(MAX_BODY_BYTES);
    const list = await readContactArray(contacts, this.limits, countryOf(fields));
    const digest = new ListDigest();
    await digest.addAll(contacts as unknown[]);
    const whole = digest.with(fields);
    keepBodyDigest(rawRequest(request), () => whole);
    return { fields, list };
  }
}

/** The country may stand behind the file, as it is needed at its end only. */
const readingOf = ({ before, all }: FieldsAround): CsvReading => ({
  phoneColumn: phoneColumnOf(before),
  country: all().then((fields) => {
    refuseLateColumn(before, fields);
    return countryOf(fields);
  }),
});

/** What a form has only. */
function refuseFormFields(fields: Readonly<Record<string, unknown>>): void {
  if ('file' in fields) throw invalidForm(ONE_OF_TWO, 'file');
  refuseColumn(fields);
}

/** The list that was read. */
export const Contacts = createParamDecorator((_: unknown, context: ExecutionContext): ContactList => {
  const list = lists.get(context.switchToHttp().getRequest<object>());
  if (!list) throw new Error('the route takes no ContactListBody');
  return list;
});
