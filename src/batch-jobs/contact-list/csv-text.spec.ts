import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { PIECE_BYTES, readCsvText } from './csv-text.js';

/* oxlint-disable-next-line require-await -- a stream of bytes is asynchronous whatever it does */
async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

const read = async (...parts: readonly Uint8Array[]): Promise<Buffer[]> => {
  const pieces: Buffer[] = [];
  for await (const piece of readCsvText(chunks(...parts), 10 * PIECE_BYTES)) pieces.push(piece);
  return pieces;
};

describe('readCsvText', () => {
  it.each(['<b>phone</b>,name\n', '{phone},name\n', '[id],phone\n', '<phone>;<name>\n'])(
    'takes %j for text',
    async (text) => {
      expect(Buffer.concat(await read(Buffer.from(text))).toString()).toBe(text);
    },
  );

  it('makes the same pieces whatever the chunks are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 2 * PIECE_BYTES }), { maxLength: 4 }),
        fc.integer({ min: 0, max: 3 * PIECE_BYTES }),
        async (cuts, length) => {
          const text = Buffer.alloc(length, 'phone,ä€😀\r\n');
          const text8 = Buffer.from(text.toString('utf8').replaceAll('\ufffd', ''));
          const ends = [...cuts.toSorted((a, b) => a - b), text8.length];
          const parts = ends.map((end, i) => text8.subarray(i === 0 ? 0 : ends[i - 1], end));

          const pieces = await read(...parts);

          expect(pieces.slice(0, -1).every((piece) => piece.length === PIECE_BYTES)).toBe(true);
          expect(Buffer.concat(pieces).equals(text8)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('drops a byte order mark at the beginning, also when it comes byte by byte, and only there', async () => {
    const text = Buffer.from('\ufeffa\ufeff');
    const pieces = await read(...[...text].map((byte) => Buffer.of(byte)));
    expect(Buffer.concat(pieces).toString()).toBe('a\ufeff');
  });

  it('keeps a byte order mark that begins a later piece', async () => {
    const pieces = await read(Buffer.alloc(PIECE_BYTES, 'a'), Buffer.from('\ufeffb'));
    expect(pieces[1]?.toString()).toBe('\ufeffb');
  });

  it('does not change a piece that it has given away', async () => {
    const [first, second] = await read(Buffer.alloc(PIECE_BYTES, 'a'), Buffer.alloc(PIECE_BYTES, 'b'));
    expect([first?.[0], second?.[0]]).toEqual([97, 98]);
  });

  it.each([
    ['an .xlsx workbook', Buffer.from('PK\x03\x04\x14\x00\x06\x00'), 'spreadsheet workbook'],
    ['an .xls workbook', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), 'old Excel workbook'],
    ['UTF-16, little endian', Buffer.from('\ufeffphone,name\n', 'utf16le'), 'UTF-16'],
    ['UTF-16, big endian', Buffer.from('\ufeffphone\n', 'utf16le').swap16(), 'UTF-16'],
    ['UTF-16 without a mark', Buffer.from('phone,name\n', 'utf16le'), 'NUL'],
    ['gzip', Buffer.from([0x1f, 0x8b, 0x08]), 'compressed'],
    ['HTML that is called .xls', Buffer.from('<html xmlns:x="urn"><table><tr><td>phone'), 'HTML page'],
    ['HTML behind a byte order mark', Buffer.from('\ufeff\r\n <!DOCTYPE html>\n<html>'), 'HTML page'],
    ['HTML that begins with its table', Buffer.from('<table border="1"><tr>'), 'HTML page'],
    ['XHTML', Buffer.from('<?xml version="1.0"?>\n<html>'), 'HTML page'],
    ['a workbook of Excel 2003', Buffer.from('<?xml version="1.0"?>\n<?mso-application?><Workbook>'), 'XML'],
    ['an address book', Buffer.from('BEGIN:VCARD\r\nVERSION:3.0'), 'vCard'],
    ['a text document', Buffer.from('{\\rtf1\\ansi'), 'RTF'],
    ['a PDF', Buffer.from('%PDF-1.7\n%\u00e2'), 'PDF'],
    ['JSON', Buffer.from('[\n {"phone": "+1"}]'), 'JSON'],
    ['Latin-1', Buffer.from('phone,name\n+1,José', 'latin1'), 'not UTF-8'],
    ['a character cut off at the end', Buffer.from('phone,é').subarray(0, -1), 'not UTF-8'],
    ['an overlong NUL', Buffer.from([0xc0, 0x80]), 'not UTF-8'],
    ['half of a surrogate pair', Buffer.from([0xed, 0xa0, 0x80]), 'not UTF-8'],
    ['a NUL', Buffer.from('phone\n+1\u0000'), 'NUL'],
  ])('refuses %s, in one chunk or byte by byte', async (_kind, bytes, words) => {
    const refusal = { code: 'invalid_csv', message: expect.stringContaining(words) };
    await expect(read(bytes)).rejects.toMatchObject(refusal);
    await expect(read(...[...bytes].map((byte) => Buffer.of(byte)))).rejects.toMatchObject(refusal);
  });
});
