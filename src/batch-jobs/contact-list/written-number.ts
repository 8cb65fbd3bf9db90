/**
 * Digits, signs and letters as wide as an ideograph (U+FF01 … U+FF5E), and the small plus: keyboards of East Asia write
 * them.
 */
const WIDE = /[\uff01-\uff5e\ufe62]/g;

/** What a program makes of a column of numbers in which some are missing. The zero is none of the number. */
const DECIMAL = /^(\+?\d+)\.0$/;

const BEYOND_ASCII = /[^\0-\x7f]/;

/** A dash is a dash, a space is a space, and what nobody sees is not there: U+202A … U+202E, U+200B, U+2060. */
const narrow = (text: string): string =>
  text
    .replace(/\p{Cf}/gu, '')
    .replace(WIDE, (character) => character.normalize('NFKC'))
    .replace(/\p{Zs}/gu, ' ')
    .replace(/[\p{Pd}\u2212]/gu, '-');

/**
 * Takes off a number what programs put around it: `'` and `="…"`, which keep it text in a spreadsheet, quotes of a file
 * that was quoted twice, `tel:` of an address book, and brackets around the country code, which Outlook writes.
 *
 * Line breaks and tabs inside are kept: two numbers in one cell must not become one.
 */
export function unwrap(written: string): string {
  const trimmed = written.trim();
  const text = BEYOND_ASCII.test(trimmed) ? narrow(trimmed).trim() : trimmed;
  if (/^[+\d]/.test(text)) return text.replace(DECIMAL, '$1');
  return text
    .replace(/^['’]\s*/, '')
    .replace(/^=?\s*"(.*)"$/, '$1')
    .replace(/^=(?=\s*[+\d])/, '')
    .replace(/^\s*tel:/i, '')
    .replace(/^\s*\((\+\d+)\)/, '$1 ')
    .trim();
}
