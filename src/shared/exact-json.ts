import { randomUUID } from 'node:crypto';

/** Where a number may begin that is not the same as a double: sixteen digits, or an exponent of three. */
const MAY_BE_EXACT = /\d[\d.]{15}|\de[+-]?\d{3}/i;

/** A string of JSON, or a number. */
const STRING_OR_NUMBER = /"(?:[^"\\]+|\\.)*"|-?\d[\d.e+-]*/gi;

/** Begins a string that stands for a number while the parser, or the writer, that is built in is at work. */
const MARK = `${randomUUID()}:`;

const MARKED = new RegExp(`"${MARK}([^"]*)"`, 'g');

/**
 * A number of JSON that no number of JavaScript is equal to, as it was written: `9007199254740993`. Whoever writes it
 * with `JSON.stringify` has it as a string, and not rounded; `stringifyExactly` writes it as the number that it was.
 */
export class ExactNumber {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

/**
 * Reads JSON without rounding: a number that JavaScript would write otherwise, and that has so many digits that this
 * may matter, is an {@link ExactNumber}.
 *
 * @param parse judges the text, and reads it where all of its numbers are ordinary
 * @throws what `parse` throws
 */
export function parseExactly(text: string, parse: (text: string) => unknown = JSON.parse): unknown {
  const value = parse(text);
  if (!MAY_BE_EXACT.test(text)) return value;
  const marked = text.replace(STRING_OR_NUMBER, (token) => (isExact(token) ? `"${MARK}${token}"` : token));
  return JSON.parse(marked, (_, part: unknown) =>
    typeof part === 'string' && part.startsWith(MARK) ? new ExactNumber(part.slice(MARK.length)) : part,
  );
}

/** Writes JSON, and numbers as they were read. */
export function stringifyExactly(value: unknown): string {
  if (!hasExactNumber(value)) return JSON.stringify(value);
  const marked = JSON.stringify(value, function mark(this: Record<string, unknown>, key, part: unknown) {
    const given = this[key];
    return given instanceof ExactNumber ? MARK + given.text : part;
  });
  return marked.replace(MARKED, '$1');
}

/** Whether `JSON.stringify` would write a number of it as a string. */
export const hasExactNumber = (value: unknown): boolean =>
  value instanceof ExactNumber ||
  (typeof value === 'object' && value !== null && Object.values(value).some(hasExactNumber));

/** Whether JSON was an object, and no array, number or the like. */
export const isJsonObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);

const isExact = (token: string): boolean =>
  !token.startsWith('"') && MAY_BE_EXACT.test(token) && String(Number(token)) !== token;
