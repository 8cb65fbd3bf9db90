import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { BodyTooLargeError, invalidForm, invalidFormField } from './api.errors.js';

// More than the contract has fields, and longer than the longest (description, 1,000 characters of 4 bytes).
const MAX_FIELDS = 32;
const MAX_FIELD_BYTES = 16 * 1024;

// A form's own text around its file: boundaries, headers and fields.
export const FORM_OVERHEAD_BYTES = 64 * 1024;

/** The fields of a form, and what became of its file. */
export interface Form<T> {
  readonly fields: Readonly<Record<string, string>>;
  /** Null when no file was sent. */
  readonly file: T | null;
}

/**
 * Reads `multipart/form-data` as it arrives: the file goes to `readFile` while it is being uploaded, wherever in the
 * form it stands. The first failure ends the reading; the rest of the body is let pass.
 *
 * @param maxFileBytes a body that must be longer, or becomes longer, than a form with such a file is refused unread
 * @throws invalid_request    not a form, a field twice, another file, or more than a form of ours can have
 * @throws payload_too_large  more bytes than that
 */
export async function readForm<T>(
  request: IncomingMessage,
  maxFileBytes: number,
  readFile: (file: Readable) => Promise<T>,
): Promise<Form<T>> {
  const fields = new Map<string, string>();
  const files: Promise<T>[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      limitLength(request, maxFileBytes + FORM_OVERHEAD_BYTES, reject);
      const parser = openParser(request, reject);
      parser.on('field', (name, value, isNameCut, isValueCut) => {
        if (isNameCut || isValueCut) reject(invalidFormField(name, 'is longer than any field may be.'));
        else if (fields.has(name)) reject(invalidFormField(name, 'is given more than once. Give it once.'));
        else fields.set(name, value);
      });
      parser.on('file', (name, content) => {
        content.on('error', reject);
        if (name !== 'file' || files.length > 0) {
          content.resume();
          return reject(invalidForm("A form has one file, the contact list, in the field 'file'.", name.slice(0, 64)));
        }
        files.push(readFile(content));
        files[0].catch(reject);
      });
      refuseBrokenForms(request, parser, reject);
      parser.on('finish', resolve);
      request.pipe(parser);
    });
    const [file = null] = await Promise.all(files);
    return { fields: Object.fromEntries(fields), file };
  } finally {
    request.unpipe();
    request.resume();
  }
}

const refuseBrokenForms = (request: IncomingMessage, parser: BusboyInstance, reject: (error: Error) => void): void => {
  for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
    parser.on(limit, () => reject(invalidForm(`The form has more than ${MAX_FIELDS} parts.`)));
  }
  parser.on('error', () => reject(invalidForm('The form cannot be read: it is broken or ends early.')));
  request.on('error', reject);
  request.on('aborted', () => reject(invalidForm('The upload was cut off.')));
};

/** The parser itself reads for ever: what is before the first boundary and behind the last one has no limit there. */
const limitLength = (request: IncomingMessage, maxBytes: number, reject: (error: Error) => void): void => {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new BodyTooLargeError(maxBytes);
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) reject(new BodyTooLargeError(maxBytes));
  });
};

const openParser = (request: IncomingMessage, reject: (error: Error) => void): BusboyInstance => {
  try {
    return new Busboy({
      headers: request.headers as BusboyHeaders,
      limits: { files: 2, fields: MAX_FIELDS, parts: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES },
    });
  } catch {
    const error = invalidForm("The form has no boundary. Let the client set the header 'Content-Type' itself.");
    reject(error);
    throw error;
  }
};
