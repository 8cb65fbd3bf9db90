import {
  createParamDecorator,
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Observable } from 'rxjs';
import {
  DEFAULT_CONTACT_LIST_LIMITS,
  readContactArray,
  readContactCsv,
  type ContactList,
  type ContactListLimits,
} from '../batch-jobs/contact-list.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { invalidForm, UnsupportedMediaTypeError } from './api.errors.js';
import { digestOf, hashing, keepBodyDigest } from './body-digest.js';
import { readForm } from './form-reader.js';
import { rawRequest, type AdapterRequest } from './raw-request.js';

type Request = AdapterRequest & { headers: IncomingMessage['headers']; body: unknown };

const lists = new WeakMap<object, ContactList>();

/** Of a route that reads either. */
export const ONE_OF_TWO_TYPES =
  "Send the batch as 'application/json' with contacts, or as 'multipart/form-data' with a CSV file.";

const ONE_OF_TWO = "Send the contacts as a CSV in the form field 'file', or as the JSON array 'contacts'.";

/**
 * Takes the contact list out of the body before the rest of it is judged: a form's file is read while it is uploaded,
 * and ten thousand contacts do not pass through the validator of a dozen fields. The fields stay in `body`.
 */
@Injectable()
export class ContactListInterceptor implements NestInterceptor {
  private readonly limits: ContactListLimits;

  constructor(@Inject(SETTINGS) { maxContacts, maxUploadBytes }: Settings) {
    this.limits = { ...DEFAULT_CONTACT_LIST_LIMITS, maxContacts, maxBytes: maxUploadBytes };
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<Request>();
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    if (type === 'multipart/form-data') await this.readFile(request);
    else if (type === 'application/json') this.readArray(request);
    else throw new UnsupportedMediaTypeError(ONE_OF_TWO_TYPES);
    return next.handle();
  }

  private async readFile(request: Request): Promise<void> {
    const raw = rawRequest(request);
    const hash = createHash('sha256');
    const { fields, file } = await readForm(raw, this.limits.maxBytes, (content) =>
      readContactCsv(hashing(content, hash), this.limits),
    );
    if (!file || 'contacts' in fields) throw invalidForm(ONE_OF_TWO, file ? 'contacts' : 'file');
    // Without what surrounds the fields: a client makes up another boundary each time.
    keepBodyDigest(raw, digestOf(JSON.stringify(fields), hash.digest()));
    this.keep(request, fields, file);
  }

  private readArray(request: Request): void {
    const { body } = request;
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw invalidForm('The body must be a JSON object.');
    const { contacts, ...fields } = body as { contacts?: unknown };
    if (contacts === undefined) throw invalidForm(ONE_OF_TWO, 'contacts');
    if ('file' in fields) throw invalidForm(ONE_OF_TWO, 'file');
    keepBodyDigest(rawRequest(request), digestOf(JSON.stringify(body)));
    this.keep(request, fields, readContactArray(contacts, this.limits));
  }

  private keep(request: Request, fields: object, list: ContactList): void {
    request.body = fields;
    lists.set(request, list);
  }
}

/** The list that the interceptor read. */
export const Contacts = createParamDecorator((_: unknown, context: ExecutionContext): ContactList => {
  const list = lists.get(context.switchToHttp().getRequest<object>());
  if (!list) throw new Error('the route does not use ContactListInterceptor');
  return list;
});
