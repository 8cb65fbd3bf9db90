import { InvalidCsvError } from './contact-list.errors.js';

export const SAVE_AS = "Save it as 'CSV UTF-8'.";

const OPEN_AND_SAVE = "Open it in a spreadsheet program and save it as 'CSV UTF-8'.";

/** As far as text is looked at: further than any document type, comment or space before the first tag. */
const LOOKED_AT = 1_024;

/** First bytes of files that are often uploaded by mistake. */
const BY_BYTES: readonly (readonly [start: Buffer, detail: string])[] = [
  [Buffer.from('PK\x03\x04'), `The file is a spreadsheet workbook (.xlsx) or a zip archive, not a CSV. ${SAVE_AS}`],
  [Buffer.from([0xd0, 0xcf, 0x11, 0xe0]), `The file is an old Excel workbook (.xls), not a CSV. ${SAVE_AS}`],
  [Buffer.from([0xff, 0xfe]), `The file is UTF-16 text, which spreadsheets call 'Unicode Text'. ${SAVE_AS}`],
  [Buffer.from([0xfe, 0xff]), `The file is UTF-16 text, which spreadsheets call 'Unicode Text'. ${SAVE_AS}`],
  [Buffer.from([0x1f, 0x8b]), 'The file is compressed (gzip). Upload the CSV itself.'],
  [Buffer.from('%PDF-'), `The file is a PDF, not a CSV. Export the list it was made from, as 'CSV UTF-8'.`],
];

/** How text begins that is something else: behind a byte order mark and spaces. */
const BY_TEXT: readonly (readonly [start: RegExp, detail: string])[] = [
  [
    /^(?:<\?xml[^>]*>\s*)?<(?:!doctype html|!--|html|head|meta|title|style|body|div|table)\b/i,
    `The file is an HTML page, which some programs save under the name .xls, not a CSV. ${OPEN_AND_SAVE}`,
  ],
  [
    /^<(?:\?xml|workbook)\b/i,
    `The file is XML, which Excel 2003 saved under the name .xls, not a CSV. ${OPEN_AND_SAVE}`,
  ],
  [/^begin:vcard\b/i, `The file is an address book (vCard), not a CSV. Export the contacts as 'CSV UTF-8'.`],
  [/^\{\\rtf/, `The file is a text document (RTF), not a CSV. Export the list it was made from, as 'CSV UTF-8'.`],
  [
    /^(?:\[\s*\{|\{\s*")/,
    "The file is JSON, not a CSV. Send its contacts as the array `contacts` of a body of 'application/json'.",
  ],
];

/**
 * Refuses a file that is no table of text, and says what it is.
 *
 * @param piece the beginning of the file
 * @throws invalid_csv  a known other kind of file
 */
export function refuseOtherFiles(piece: Buffer): void {
  const text = piece.toString('latin1', 0, LOOKED_AT).replace(/^(?:\xef\xbb\xbf|\s)+/, '');
  const [, detail] =
    BY_BYTES.find(([start]) => piece.subarray(0, start.length).equals(start)) ??
    BY_TEXT.find(([start]) => start.test(text)) ??
    [];
  if (detail !== undefined) throw new InvalidCsvError(detail);
}
