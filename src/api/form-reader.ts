import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { invalidForm, invalidFormField } from './api.errors.js';
import { receive, UPLOAD_OVERHEAD_BYTES } from './upload.js';

// More than the contract has fields, and longer than the longest (description, 1,000 characters of 4 bytes).
const MAX_FIELDS = 32;
const MAX_FIELD_BYTES = 16 * 1024;

/** Most bytes of all fields of a request together. */
export const MAX_FIELDS_BYTES = MAX_FIELDS * MAX_FIELD_BYTES;

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

/**
 * Reads `multipart/form-data` as it arrives: the file goes to `readFile` while it is being uploaded, wherever in the
 * form it stands. When the form is refused, `readFile` sees its file end early, and what it made of the file is closed.
 *
 * @throws invalid_request    not a form, a field twice, another file, or more than a form of ours can have
 * @throws payload_too_large  the body is longer than a form with a file of so many bytes
 */
export async function readForm<T extends Closable>(
  request: IncomingMessage,
  maxFileBytes: number,
  readFile: (file: Readable) => Promise<T>,
): Promise<Form<T>> {
  const fields = new Map<string, string>();
  const uploads: Upload<T>[] = [];
  try {
    await receive(request, maxFileBytes + UPLOAD_OVERHEAD_BYTES, (fail) => {
      const parser = openParser(request);
      parser.on('field', (name, value, isNameCut, isValueCut) => {
        if (isNameCut || isValueCut) fail(invalidFormField(name, 'is longer than any field may be.'));
        else if (fields.has(name)) fail(invalidFormField(name, 'is given more than once. Give it once.'));
        else fields.set(name, value);
      });
      parser.on('file', (name, content) => {
        content.on('error', fail);
        if (name !== 'file' || uploads.length > 0) {
          content.resume();
          return fail(invalidForm("A form has one file, the contact list, in the field 'file'.", name.slice(0, 64)));
        }
        const result = readFile(content);
        result.catch(fail);
        uploads.push({ content, result });
      });
      refuseBrokenForms(parser, fail);
      return parser;
    });
    const [file = null] = await Promise.all(uploads.map(({ result }) => result));
    return { fields: Object.fromEntries(fields), file };
  } catch (error: unknown) {
    await Promise.all(uploads.map(abandon));
    throw error;
  }
}

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
