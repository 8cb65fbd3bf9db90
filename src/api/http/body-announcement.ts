import type { IncomingMessage } from 'node:http';
import { BodyTooLargeError, UnsupportedCodingError, UnsupportedMediaTypeError } from './api.errors.js';
import { FORM } from './form-pass-through.js';
import { MAX_BODY_BYTES } from './json-body.js';

/** @throws unsupported_media_type  the headers say that the body is compressed */
export const refuseCoding = ({ headers }: IncomingMessage): void => {
  const { 'content-encoding': coding = 'identity' } = headers;
  if (coding.trim().toLowerCase() !== 'identity') throw new UnsupportedCodingError();
};

/** @throws payload_too_large  the headers say that the body is longer than 64 KB */
export const refuseLength = ({ headers }: IncomingMessage): void => {
  if (Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw new BodyTooLargeError(MAX_BODY_BYTES);
};

const NO_FORM = "This route takes no form. Send a body, where it takes one, as 'application/json'.";

/** @throws unsupported_media_type  the headers say that the body is a form, which nobody would read */
export const refuseForm = ({ headers }: IncomingMessage): void => {
  if (headers['content-type']?.toLowerCase().startsWith(FORM)) throw new UnsupportedMediaTypeError(NO_FORM);
};
