import { BadRequestException } from '@nestjs/common';
import { isUtf8 } from 'node:buffer';
import secureJson from 'secure-json-parse';
import { invalidForm } from './api.errors.js';

/**
 * Longest body of a route that takes no list, and most bytes of the fields beside one: the longest of ours has 5 KB.
 */
export const MAX_BODY_BYTES = 64 * 1024;

/** Levels of objects and arrays in a body, itself included: contacts have 16, and stand on the third level. */
export const MAX_JSON_DEPTH = 32;

export const notUtf8 = (): Error =>
  invalidForm('The body is not UTF-8, in which JSON is sent (RFC 8259, section 8.1). Let the client encode it so.');

export const tooDeep = (): Error =>
  invalidForm(`The body is nested deeper than ${MAX_JSON_DEPTH} levels of objects and arrays.`);

/**
 * Reads JSON as Fastify does, by the same parser: a key `__proto__` would change what reads the object.
 *
 * @throws a 400 for what is not JSON, or has a key `__proto__`
 */
export const parseJson = (text: string): unknown => {
  try {
    return secureJson.parse(text, { protoAction: 'error', constructorAction: 'ignore' });
  } catch {
    throw new BadRequestException();
  }
};

/**
 * Reads the bytes of a whole body.
 *
 * @returns undefined for an empty one: clients send the content type with calls that have no body
 * @throws invalid_request  it is not UTF-8; what would become of it by replacement is not what was sent
 * @throws what `parseJson` throws
 */
export const readJson = (bytes: Buffer): unknown => {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw notUtf8();
  return parseJson(bytes.toString('utf8'));
};

/**
 * Refuses what is nested so deep that whatever looks at it, level by level on the stack, would fail.
 *
 * @throws invalid_request  deeper than 32 levels
 */
export const refuseDepth = (body: unknown, levels = MAX_JSON_DEPTH): void => {
  if (typeof body !== 'object' || body === null) return;
  if (levels === 0) throw tooDeep();
  for (const value of Object.values(body)) refuseDepth(value, levels - 1);
};
