import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { FieldsTooLargeError, invalidForm, invalidFormField } from '../http/api.errors.js';
import { MAX_BODY_BYTES } from '../http/json-body.js';
import { receive, UPLOAD_OVERHEAD_BYTES } from './upload.js';

// More than the contract has fields, and longer than the longest (description, 1,000 characters of 4 bytes).
const MAX_FIELDS = 32;
const MAX_FIELD_BYTES = 16 * 1024;

/** Stands where bytes were that are not UTF-8; nobody means it. */
const REPLACEMENT = '\uFFFD';

/** What became of a file, and has to be given back. */
interface Closable {
  close(): Promise<void>;
}

/** The fields of a form, and what became of its file. */
export interface Form<T> {
  readonly fields: Readonly<Record<string, string>>;
  /** Null when no file was sent. */
  readonly file: T | null;
}

/** The fields of a form whose file is being read. */
export interface FieldsAround {
  /** Those before the file. */
  readonly before: Readonly<Record<string, string>>;
  /** All of them, once the form is read; fails with the form. Not to be waited for before the file is read. */
  readonly all: () => Promise<Readonly<Record<string, string>>>;
}

/**
 * Reads `multipart/form-data` as it arrives: the file goes to `readFile` while it is being uploaded, wherever in the
 * form it stands. When the form is refused, `readFile` sees its file end early, and what it made of the file is closed.
 *
 * @throws invalid_request    not a form, a part without a name, a field twice, another file, or more than a form of ours can have
 * @throws payload_too_large  the body is longer than a form with a file of so many bytes, or its fields than 64 KB
 */
export async function readForm<T extends Closable>(
  request: IncomingMessage,
  maxFileBytes: number,
  readFile: (file: Readable, fields: FieldsAround) => Promise<T>,
): Promise<Form<T>> {
  const fields = new Fields();
  const uploads: Upload<T>[] = [];
  try {
    const received = receive(request, maxFileBytes + UPLOAD_OVERHEAD_BYTES, (fail) => {
      const parser = openParser(request);
      const onFile = (name: string | undefined, content: Readable): void => {
        content.on('error', fail);
        if (name !== 'file' || uploads.length > 0) {
          content.resume();
          throw name ? invalidForm(ONE_FILE, name.slice(0, 64)) : namelessPart();
        }
        const all = () => received.then(() => fields.all);
        const result = readFile(content, { before: fields.all, all });
        result.catch(fail);
        uploads.push({ content, result });
      };
      parser.on(
        'field',
        guarded((name, value, isNameCut, isValueCut) => fields.take(name, value, isNameCut || isValueCut), fail),
      );
      parser.on('file', guarded(onFile, fail));
      refuseBrokenForms(parser, fail);
      return parser;
    });
    await received;
    const [file = null] = await Promise.all(uploads.map(({ result }) => result));
    return { fields: fields.all, file };
  } catch (error: unknown) {
    await Promise.all(uploads.map(abandon));
    throw error;
  }
}

/** The fields of a form, judged as far as any form's can be. */
class Fields {
  private readonly values = new Map<string, string>();
  private bytes = 0;

  get all(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.values);
  }

  /** @param isCut its name or its value was longer than is read */
  take(name: string | undefined, value: string, isCut: boolean): void {
    if (!name) throw namelessPart();
    if (isCut) throw invalidFormField(name, 'is longer than any field may be.');
    if (this.values.has(name)) throw invalidFormField(name, 'is given more than once. Give it once.');
    if (value.includes(REPLACEMENT)) throw invalidFormField(name, NOT_UTF8);
    this.bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    if (this.bytes > MAX_BODY_BYTES) throw new FieldsTooLargeError(MAX_BODY_BYTES);
    this.values.set(name, value);
  }
}

const ONE_FILE = "A form has one file, the contact list, in the field 'file'.";

const NOT_UTF8 = 'is not UTF-8. Encode it so, or name its encoding in the header of the part.';

const namelessPart = (): Error => invalidForm('Each part of the form needs a name.');

/** The parser calls a listener while the request delivers: what it throws would end the process. */
const guarded =
  <T extends unknown[]>(listen: (...given: T) => void, fail: (error: Error) => void): ((...given: T) => void) =>
  (...given) => {
    try {
      listen(...given);
    } catch (error: unknown) {
      fail(error as Error);
    }
  };

interface Upload<T> {
  readonly content: Readable;
  readonly result: Promise<T>;
}

/** Without an end of its file a reader would wait for ever, with all that it holds. */
async function abandon<T extends Closable>({ content, result }: Upload<T>): Promise<void> {
  content.destroy();
  await result.then(
    (made) => made.close(),
    () => undefined,
  );
}

const refuseBrokenForms = (parser: BusboyInstance, fail: (error: Error) => void): void => {
  for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
    parser.on(limit, () => fail(invalidForm(`The form has more than ${MAX_FIELDS} parts.`)));
  }
  parser.on('error', () => fail(invalidForm('The form cannot be read: it is broken or ends early.')));
};

const openParser = (request: IncomingMessage): BusboyInstance => {
  try {
    return new Busboy({
      headers: request.headers as BusboyHeaders,
      limits: { files: 2, fields: MAX_FIELDS, parts: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES },
    });
  } catch {
    throw invalidForm("The form has no boundary. Let the client set the header 'Content-Type' itself.");
  }
};
