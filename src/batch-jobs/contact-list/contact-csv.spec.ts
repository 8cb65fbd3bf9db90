import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { DomainError } from '../../shared/domain-error.js';
import {
  DEFAULT_CONTACT_LIST_LIMITS,
  readContactCsv,
  type ContactListLimits,
  type CsvReading,
} from '../contact-list.js';
import { shown, type ShownList } from '../../../test/support/shown-list.js';
import { PIECE_BYTES } from './csv-text.js';
import { runsOf } from '../../../test/support/long-run.js';

/** A number that must not appear in any error or reason; every bad number of these tests has these digits in it. */
const CANARY = '5550147';

/** What one of the files from the field has in it; each is in the shape of a public report. */
const fromTheField = (name: string): Buffer =>
  readFileSync(new URL(`../../../test/data/contact-files/${name}.csv`, import.meta.url));

interface Asked extends Partial<ContactListLimits>, Partial<CsvReading> {}

const read = async (text: string | Buffer, asked: Asked = {}): Promise<ShownList> => {
  const { phoneColumn = null, country = null, ...limits } = asked;
  const file = Readable.from([Buffer.from(text)]);
  return shown(await readContactCsv(file, { ...DEFAULT_CONTACT_LIST_LIMITS, ...limits }, { phoneColumn, country }));
};

const refusalOf = async (text: string | Buffer, asked: Asked = {}): Promise<DomainError> => {
  try {
    await read(text, asked);
  } catch (error: unknown) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('the list was accepted');
};

/** What became of the file, as a word; anything but a refusal is thrown on. */
const readOrRefuse = async (file: Buffer): Promise<string> => {
  try {
    await read(file);
    return 'read';
  } catch (error: unknown) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
};

const phone = (n: number): string => `+1415${String(2_000_000 + n)}`;

/** A header row and one contact, of so many columns; its second cell has so many characters. */
const fileOf = (columns: number, cellLength: number): string =>
  `phone${Array.from({ length: columns - 1 }, (_, i) => `,c${i}`).join('')}\n+14155550101,${'é'.repeat(cellLength)}${','.repeat(columns - 2)}\n`;

/** A row with its line end, of so many bytes. */
const rowOf = (bytes: number): string => `${phone(1)},${'n'.repeat(bytes - 14)}\n`;

/** Yields the same 64 KiB for ever, and counts. */
const endless = (start: string, filling: string) => {
  const state = { bytes: 0, isClosed: false };
  /* oxlint-disable-next-line require-await -- a stream of bytes is asynchronous whatever it does */
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from(start);
      for (const chunk = Buffer.alloc(65_536, filling); ; state.bytes += chunk.length) yield chunk;
    } finally {
      state.isClosed = true;
    }
  }
  return { state, file: chunks() };
};

describe('readContactCsv', () => {
  it('keeps each row as uploaded, in its order, with its number normalised', async () => {
    const list = await read(
      'Name, PHONE ,Renewal date\n Ann ,+1 (415) 555-0101,\n"O, Bo",+447700900123,"a ""b""\r\nc"\n',
    );
    expect(list).toEqual({
      contacts: [
        { phoneNumber: '+14155550101', contactData: { Name: ' Ann ', phone: '+1 (415) 555-0101', 'Renewal date': '' } },
        {
          phoneNumber: '+447700900123',
          contactData: { Name: 'O, Bo', phone: '+447700900123', 'Renewal date': 'a "b"\r\nc' },
        },
      ],
      validContacts: 2,
      invalidContacts: 0,
      duplicateContacts: 0,
      rejectedRows: [],
    });
    expect(list.contacts.map(({ contactData }) => Object.keys(contactData))).toEqual([
      ['Name', 'phone', 'Renewal date'],
      ['Name', 'phone', 'Renewal date'],
    ]);
  });

  it.each([
    ['LF', 'phone,name\n+14155550101,Ann\n'],
    ['CRLF', 'phone,name\r\n+14155550101,Ann\r\n'],
    ['CRLF and LF mixed', 'phone,name\n+14155550101,Ann\r\n'],
    ['no line end at the end', 'phone,name\n+14155550101,Ann'],
    ['semicolons', 'phone;name\n+14155550101;Ann\n'],
    ['everything quoted', '"phone","name"\n"+14155550101","Ann"\n'],
    ['a byte order mark', '\ufeffphone,name\n+14155550101,Ann\n'],
    ['a byte order mark before a quote', '\ufeff"phone","name"\n+14155550101,Ann\n'],
    ['two byte order marks', '\ufeff\ufeffphone,name\n+14155550101,Ann\n'],
    ['blank rows around and between', '\n\r\n,\nphone,name\n\n , \n"",\n+14155550101,Ann\n\n\n'],
    ['columns without a name at the end', 'phone,name,,\n+14155550101,Ann, ,\n'],
    ['tabs', 'phone\tname\n+14155550101\tAnn\n'],
    ['bars', 'phone|name\n+14155550101|Ann\n'],
    ['a line that names its separator', '\ufeffsep=;\r\nphone;name\r\n+14155550101;Ann\r\n'],
    ['titles above its header', 'Customers,\n\n"March, 2026",\nphone,name\n+14155550101,Ann\n'],
    ['invisible characters in its header', '\u200bph\u2060one\u200e,name\n+14155550101,Ann\n'],
    ['cells without anything visible', 'phone,name,\u200b\n\u200b,\ufeff\n+14155550101,Ann,\u00a0,\u200b\n'],
  ])('reads a file with %s', async (_what, text) => {
    const list = await read(text);
    expect(list.contacts).toEqual([
      { phoneNumber: '+14155550101', contactData: { phone: '+14155550101', name: 'Ann' } },
    ]);
    expect(list.invalidContacts).toBe(0);
  });

  it.each([
    ['excel-short-rows', 21],
    ['trailing-comma-rows', 2],
    ['crm-export-apostrophe', 2],
    ['excel-formula-text', 1],
    ['header-phone-number', 1],
    ['sep-line', 1],
    ['tabs', 1],
  ])('reads all of %s.csv', async (name, contacts) => {
    const list = await read(fromTheField(name));
    expect(list).toMatchObject({ validContacts: contacts, invalidContacts: 0, duplicateContacts: 0 });
  });

  it('takes cells that a row lacks for empty, and lets blank ones beyond the header be', async () => {
    const { contacts } = await read('phone,name,city\n+14155550101\n+14155550102,Bo, ,,\n');
    expect(contacts.map(({ contactData }) => contactData)).toEqual([
      { phone: '+14155550101', name: '', city: '' },
      { phone: '+14155550102', name: 'Bo', city: ' ' },
    ]);
  });

  describe('with numbers that lack a plus sign', () => {
    it('reads excel-plus-lost.csv as numbers of the country that the request names', async () => {
      const list = await read(fromTheField('excel-plus-lost'), { country: 'US' });
      expect(list.contacts).toEqual([
        { phoneNumber: '+12025550141', contactData: { phone: '12025550141', name: 'Ada' } },
        { phoneNumber: '+12025550142', contactData: { phone: '12025550142', name: 'Bob' } },
      ]);
    });

    it('refuses excel-plus-lost.csv without a country, and names the option', async () => {
      expect(await refusalOf(fromTheField('excel-plus-lost'))).toMatchObject({
        code: 'no_valid_contacts',
        message: expect.stringContaining('`defaultCountry`'),
        facts: { rejectedRows: [{ row: 2, reason: expect.stringContaining('`defaultCountry`') }, { row: 3 }] },
      });
    });

    it('keeps the order of the list and the first row of each number, whoever lacks the plus', async () => {
      const rows = ['+14155550101,a', '(415) 555-0102,b', '+14155550102,c', '+14155550101,d', '', '+14155550103,e'];
      const list = await read(`phone,n\n${rows.join('\n')}\n`, { country: 'US' });
      expect(list.contacts.map(({ contactData }) => contactData.n)).toEqual(['a', 'b', 'e']);
      expect([list.duplicateContacts, list.invalidContacts]).toEqual([2, 0]);
    });

    it('tells rejected rows in the order of the list, the first 100 of all', async () => {
      const rows = Array.from({ length: 300 }, (_, at) => (at % 3 === 0 ? '5550147' : 'x y'));
      const list = await read(`phone\n${phone(1)}\n${rows.join('\n')}\n`, { country: 'US' });
      expect(list.invalidContacts).toBe(300);
      expect(list.rejectedRows.map(({ row }) => row)).toEqual(Array.from({ length: 100 }, (_, at) => at + 3));
    });

    it('counts contacts against the limit when it is known which they are', async () => {
      const text = 'phone\n2025550101\n202 555 0101\n2025550102\n';
      expect((await read(text, { country: 'US', maxContacts: 2 })).contacts).toHaveLength(2);
      expect(await refusalOf(text, { country: 'US', maxContacts: 1 })).toMatchObject({ code: 'too_many_contacts' });
    });

    it('learns the country when the file was read, and is refused with it', async () => {
      expect(await read('phone\n2025550101\n', { country: Promise.resolve('US') })).toMatchObject({ validContacts: 1 });
      const fault = new Error('the form is broken');
      await expect(read('phone\n2025550101\n', { country: Promise.reject(fault) })).rejects.toBe(fault);
    });

    it('reads a list of any length, with what a row may have in it', async () => {
      const rows = Array.from(
        { length: 20_000 },
        (_, at) => `"415{2}${at}",x\n4152${String(at).padStart(6, '0')},"{""a""}\n"\n`,
      );
      const list = await read(`phone,note\n${rows.join('')}`, { country: 'US', maxContacts: 20_000 });
      expect(list).toMatchObject({ validContacts: 20_000, invalidContacts: 20_000 });
      expect(list.contacts.at(-1)).toEqual({
        phoneNumber: '+14152019999',
        contactData: { phone: '4152019999', note: '{"a"}\n' },
      });
    });
  });

  it('keeps the number in the row as it was written', async () => {
    const { contacts } = await read(fromTheField('crm-export-apostrophe'));
    expect(contacts[0]).toEqual({
      phoneNumber: '+12025550141',
      contactData: { name: 'Ada', phone: "'+12025550141" },
    });
  });

  it('reads the column that the request names, and keeps another one called `phone` beside it', async () => {
    const text = 'Phone,Mobile,name\n+14155550101,+14155550102,Ann\n';
    const { contacts } = await read(text, { phoneColumn: 'mobile' });
    expect(contacts).toEqual([
      {
        phoneNumber: '+14155550102',
        contactData: { 'Phone 2': '+14155550101', phone: '+14155550102', name: 'Ann' },
      },
    ]);
  });

  it('counts rows as a spreadsheet that does not show the line `sep=`, and lines as they are', async () => {
    const { rejectedRows } = await read('sep=;\nphone;name\n+14155550101;Ann\nx;Bo\n');
    expect(rejectedRows).toMatchObject([{ row: 3 }]);
    expect(await refusalOf('sep=;\nphone;name\n+1;6" pipe\n')).toMatchObject({ facts: { row: 2, line: 3 } });
  });

  it('leaves out invalid rows with a reason and the row a spreadsheet shows, and counts duplicates of the number', async () => {
    const list = await read(
      ['phone,name', '+14155550101,"Ann', 'Smith"', '', '4155550147,Bo', '+1 415 555-0101,Cy', '+14155550102', ',Di',
        '+14155550103,E,F', '+1415-5550147x,G', '+14155550104,Hy'].join('\n'),
    ); // prettier-ignore
    expect(list.contacts.map(({ contactData }) => contactData.name)).toEqual(['Ann\nSmith', '', 'Hy']);
    expect(list.duplicateContacts).toBe(1);
    expect(list.invalidContacts).toBe(4);
    expect(list.rejectedRows).toEqual([
      { row: 4, reason: expect.stringContaining("begin with '+'") },
      { row: 7, reason: expect.stringContaining('is empty') },
      { row: 8, reason: expect.stringContaining('has 3 cells but the header has 2') },
      { row: 9, reason: expect.stringContaining('not part of a number') },
    ]);
  });

  it('rejects a value below a column without a name', async () => {
    const list = await read('phone,\n+14155550101,x\n+14155550102,\n');
    expect(list.rejectedRows).toEqual([{ row: 2, reason: expect.stringContaining('column without a name') }]);
  });

  it('tells the first 100 rejected rows apart and counts the others', async () => {
    const list = await read(`phone\n${phone(1)}\n${'x\n'.repeat(101)}`);
    expect([list.invalidContacts, list.rejectedRows.length, list.rejectedRows.at(-1)?.row]).toEqual([101, 100, 102]);
  });

  it('treats names that objects inherit as ordinary columns', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'toJSON', 'prototype'];
    const { contacts } = await read(
      `phone,${names.join(',')}\n+14155550101,${names.map((_, i) => `v${i}`).join(',')}\n`,
    );
    const data = contacts[0]?.contactData ?? {};
    expect(JSON.stringify(data)).toBe(
      '{"phone":"+14155550101","__proto__":"v0","constructor":"v1","toString":"v2","hasOwnProperty":"v3","toJSON":"v4","prototype":"v5"}',
    );
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
  });

  describe('refuses', () => {
    it.each([
      ['an empty file', '', 'invalid_csv', 'empty', {}],
      ['a file of blank rows', '\n,,\r\n \n', 'invalid_csv', 'empty', {}],
      ['a lone byte order mark', '\ufeff', 'invalid_csv', 'empty', {}],
      ['a lone line `sep=`', 'sep=;\n', 'invalid_csv', 'empty', {}],
      ['a header row alone', 'phone,name\n', 'no_valid_contacts', 'no contacts below it', { rejectedRows: [] }],
      [
        'no usable row',
        'phone\n\nx\n',
        'no_valid_contacts',
        'Row 3: ',
        { rejectedRows: [{ row: 3, reason: expect.any(String) }] },
      ],
      [
        'no phone column',
        'name,Number\n',
        'missing_phone_column',
        "Columns found: 'name', 'Number'. Give the name of the one with the numbers as `phoneColumn`.",
        { columns: ['name', 'Number'] },
      ],
      [
        'no phone column below a title',
        'Customers\nname;Number\n',
        'missing_phone_column',
        "Columns found: 'name', 'Number'",
        { columns: ['name', 'Number'] },
      ],
      [
        'two columns that may be it',
        'name,mobile,Telefon\n',
        'missing_phone_column',
        "2 columns that may be the phone column: 'mobile', 'Telefon'. Give the name of the right one as `phoneColumn`.",
        { columns: ['mobile', 'Telefon'] },
      ],
      ['a usual name twice', 'mobile,mobile\n', 'invalid_csv', "'mobile' appears twice", { column: 'mobile' }],
      ['no header row', '+14155550147,Ann\n', 'missing_phone_column', 'looks like a contact', { columns: [] }],
      ['a column twice', 'phone,city,city\n', 'invalid_csv', "'city' appears twice", { row: 1, column: 'city' }],
      ['the phone column twice', 'Phone,phone\n', 'invalid_csv', "'phone' appears twice", { column: 'phone' }],
      ['a column without a name', '\nphone,,city\n', 'invalid_csv', 'Column 2 has no name', { row: 2 }],
      ['both delimiters', 'a;b,c\n', 'invalid_csv', "both ',' and ';'", {}],
      ['bare carriage returns', 'name,phone\rAnn,1\r', 'invalid_csv', 'bare carriage return', {}],
      [
        'a quote never closed',
        'phone,n\n+14155550101,"a\nb"\n1,"\n\n',
        'invalid_csv',
        'never closed',
        { row: 3, line: 4 },
      ],
      [
        'text after a closing quote',
        'phone,n\r\n1,"a\r\nb" c\r\n',
        'invalid_csv',
        'after a closing quote',
        { row: 2, line: 2 },
      ],
      ['a quote inside a cell', 'phone,n\n1,6" pipe\n', 'invalid_csv', 'middle of a cell', { row: 2, line: 2 }],
      ['a quote fault in the header', '"phone\n', 'invalid_csv', 'never closed', { row: 1, line: 1 }],
    ])('%s', async (_what, text, code, words, facts) => {
      const refusal = await refusalOf(text);
      expect(refusal).toMatchObject({ code, message: expect.stringContaining(words), facts });
    });

    it('a phone column that is named and not there, or there twice', async () => {
      expect(await refusalOf('phone,city\n', { phoneColumn: 'Mobil' })).toMatchObject({
        code: 'missing_phone_column',
        message: expect.stringContaining("no column named 'Mobil', which `phoneColumn` names. Columns found: 'phone'"),
      });
      expect(await refusalOf('my no,My No.\n', { phoneColumn: 'MY NO' })).toMatchObject({
        code: 'missing_phone_column',
        facts: { columns: ['my no', 'My No.'] },
      });
    });

    it('naming at most 20 columns, shortened, without control characters', async () => {
      const names = Array.from({ length: 25 }, (_, i) => `${'x'.repeat(60)}${i}`);
      const refusal = await refusalOf(`"a\u0007\nb",${names.join(',')}\n`);
      expect(refusal.facts.columns).toHaveLength(20);
      expect(refusal.message).toContain(`'a  b', '${'x'.repeat(40)}…'`);
      expect(refusal.message).toContain('and 6 more');
    });
  });

  describe('limits are inclusive', () => {
    it('contacts', async () => {
      const rows = Array.from({ length: 4 }, (_, i) => phone(i)).join('\n');
      expect((await read(`phone\n${rows}\n${phone(0)}\nx\n`, { maxContacts: 4 })).contacts).toHaveLength(4);
      const refusal = await refusalOf(`phone\n${rows}\n`, { maxContacts: 3 });
      expect(refusal).toMatchObject({ code: 'too_many_contacts', facts: { maxContacts: 3 } });
      expect(refusal.message).toContain('more than 3 valid contacts');
    });

    it('rows, blank ones included', async () => {
      const rows = `phone\n${phone(1)}\n${'x\n'.repeat(4)}${'\n'.repeat(5)}`;
      expect((await read(rows, { maxContacts: 2 })).contacts).toHaveLength(1);
      const refusal = await refusalOf(`${rows}\n`, { maxContacts: 2 });
      expect(refusal).toMatchObject({ code: 'too_many_contacts', facts: { maxContacts: 2 } });
      expect(refusal.message).toContain('more than 10 rows');
    });

    it('bytes', async () => {
      const text = `\ufeffphone,name\n${phone(1)},José\n`;
      const bytes = Buffer.byteLength(text);
      expect((await read(text, { maxBytes: bytes })).contacts).toHaveLength(1);
      expect(await refusalOf(text, { maxBytes: bytes - 1 })).toMatchObject({
        code: 'payload_too_large',
        facts: { maxBytes: bytes - 1 },
      });
    });

    it('columns', async () => {
      expect((await read(fileOf(5, 1), { maxColumns: 5 })).contacts).toHaveLength(1);
      expect(await refusalOf(fileOf(6, 1), { maxColumns: 5 })).toMatchObject({
        code: 'invalid_csv',
        message: 'The header row has 6 columns; at most 5 are allowed.',
      });
    });

    it('characters of a cell', async () => {
      expect((await read(fileOf(3, 12), { maxCellLength: 12 })).contacts).toHaveLength(1);
      expect(await refusalOf(fileOf(3, 13), { maxCellLength: 12 })).toMatchObject({
        code: 'invalid_csv',
        message: expect.stringContaining("row 2, column 'c0' is longer than 12 characters"),
        facts: { row: 2, column: 'c0' },
      });
    });

    it('characters of all column names', async () => {
      const named = (length: number) => `phone,${'n'.repeat(length - 5)}\n+12025550123,x\n`;
      expect((await read(named(32), { maxCellLength: 32 })).contacts).toHaveLength(1);
      expect(await refusalOf(named(33), { maxCellLength: 32 })).toMatchObject({
        code: 'invalid_csv',
        message: 'The column names have 33 characters together; at most 32 are allowed. Shorten them.',
      });
    });

    it('bytes of a row, its line end included', async () => {
      const limits = { maxCellLength: 300_000 };
      expect((await read(`phone,note\n${rowOf(262_144)}`, limits)).contacts).toHaveLength(1);
      const refusal = await refusalOf(`phone,note\n${rowOf(262_145)}`, limits);
      expect(refusal).toMatchObject({ code: 'invalid_csv', facts: { row: 2, line: 2 } });
      expect(refusal.message).toContain('longer than 262144 bytes');
    });
  });

  describe('as a stream', () => {
    it.each([
      ['more bytes than allowed', 'phone\n', `${'x'.repeat(99)}\n`, 'payload_too_large', 1_000_000, 10_000],
      ['rows without end', 'phone\n', 'x\n', 'too_many_contacts', 140_000],
      ['blank rows without end', '', '\n', 'too_many_contacts', 140_000],
      ['a quoted cell without end', 'phone\n"', 'x', 'invalid_csv', 400_000],
      ['cells without end', 'phone\n', ',', 'invalid_csv', 400_000],
      ['a header without end', '', 'x,', 'invalid_csv', 400_000],
      ['a NUL', 'phone\n', '\u0000', 'invalid_csv', 140_000],
      ['more contacts than allowed', `phone\n${phone(1)}\n${phone(2)}\n`, 'x\n', 'too_many_contacts', 140_000],
    ])(
      'stops reading and closes the file soon after %s',
      async (_what, start, filling, code, mostBytes, maxContacts = 1) => {
        const { state, file } = endless(start, filling);
        const limits = { ...DEFAULT_CONTACT_LIST_LIMITS, maxBytes: 900_000, maxContacts };
        await expect(readContactCsv(file, limits)).rejects.toMatchObject({ code });
        expect(state.isClosed).toBe(true);
        expect(state.bytes).toBeLessThan(mostBytes);
      },
    );

    it('lets other work in between pieces, also when the whole file is there at once', async () => {
      let turns = 0;
      let next: NodeJS.Immediate;
      const turn = (): void => {
        turns += 1;
        next = setImmediate(turn);
      };
      next = setImmediate(turn);
      await read(`phone\n${phone(1)}\n${`${'x'.repeat(200)}\n`.repeat(1_000)}`);
      clearImmediate(next);
      expect(turns).toBeGreaterThan(10);
    });

    it('throws a fault of the stream as it is', async () => {
      const fault = new Error('the client went away');
      const file = new Readable({ read: () => {} });
      file.push('phone\n');
      file.destroy(fault);
      await expect(readContactCsv(file, DEFAULT_CONTACT_LIST_LIMITS)).rejects.toBe(fault);
    });

    it('destroys a stream whose list it refuses', async () => {
      const file = Readable.from([Buffer.from('phone\n"'), Buffer.from('x"y'), Buffer.alloc(PIECE_BYTES, 'x')]);
      await expect(readContactCsv(file, DEFAULT_CONTACT_LIST_LIMITS)).rejects.toBeInstanceOf(DomainError);
      expect(file.destroyed).toBe(true);
    });

    it.each(Array.from({ length: 24 }, (_, i) => i))(
      'reads what lies across the edge of a piece, %i bytes before it',
      async (before) => {
        const start = 'phone,"note"\r\n';
        const first = `${phone(1)},"`;
        const padding = 'x'.repeat(PIECE_BYTES - start.length - first.length - before);
        const text = `${start}${first}${padding}€""😀"\r\n${phone(2)},"é\r\n"\r\n`;
        const { contacts } = await read(text, { maxCellLength: 100_000 });
        expect(contacts.map(({ contactData }) => contactData.note)).toEqual([`${padding}€"😀`, 'é\r\n']);
      },
    );
  });

  it('never shows a number or the text of a cell in a refusal or a reason', async () => {
    const bad = [
      `1415${CANARY}`,
      `+1${CANARY}`,
      `+1415${CANARY}00`,
      `+999${CANARY}`,
      `+1415${CANARY}x`,
      `+1415${CANARY} ext 5`,
      `1.415${CANARY}E+10`,
    ];
    const { rejectedRows } = await read(`phone\n${phone(1)}\n${bad.join('\n')}\n"+1415${CANARY}\nx"\n`);
    expect(rejectedRows).toHaveLength(bad.length + 1);

    const files: readonly (readonly [string, Partial<ContactListLimits>?])[] = [
      [`phone\n${bad.join('\n')}\n`],
      [`+1415${CANARY},Ann\n`],
      [`"+1415${CANARY}\n`],
      [`phone,+1415${CANARY},+1415${CANARY}\n`],
      [`phone,+1415${CANARY}\n1,${'x'.repeat(50)}\n`, { maxCellLength: 40 }],
      [`phone\n"+1415${CANARY}" x\n`],
      [`phone\n+1415${CANARY}"\n`],
      [`phone,+1415${CANARY}\n${phone(1)},\n${phone(2)},\n`, { maxContacts: 1 }],
      [`phone;x,+1415${CANARY};phone,\n`],
    ];
    const refusals = await Promise.all(files.map(([text, limits]) => refusalOf(text, limits)));
    for (const one of [rejectedRows, ...refusals.map(({ message, facts }) => ({ message, facts }))]) {
      expect(JSON.stringify(one)).not.toContain(CANARY);
    }
  });

  describe('for any table', () => {
    /** Writes CSV without the library that reads it. `quoting` says which cells are quoted that need not be. */
    const write = (table: readonly (readonly string[])[], { delimiter, lineEnd, quoting }: Style): string => {
      let n = 0;
      const cell = (text: string): string => {
        const mustQuote = /[",;\r\n]/.test(text);
        n += 1;
        return mustQuote || quoting[n % quoting.length] ? `"${text.replaceAll('"', '""')}"` : text;
      };
      return table.map((row) => row.map(cell).join(delimiter) + lineEnd).join('');
    };
    interface Style {
      readonly delimiter: string;
      readonly lineEnd: string;
      readonly quoting: readonly boolean[];
    }
    const style = fc.record<Style>({
      delimiter: fc.constantFrom(',', ';'),
      lineEnd: fc.constantFrom('\n', '\r\n'),
      quoting: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
    });
    const text = fc
      .array(
        fc.oneof(
          fc.constantFrom('"', ',', ';', '\n', '\r', '\r\n', "'", ' ', '=', 'é', '€', '😀', '\ufeff'),
          fc.string(),
        ),
        { maxLength: 5 },
      )
      .map((parts) => parts.join('').replaceAll('\u0000', ''));
    const name = text
      .map((value) => value.trim().replaceAll('\r', ''))
      .filter((value) => value !== '' && value.toLowerCase() !== 'phone');
    const names = fc.uniqueArray(name, { maxLength: 5 });
    const table = names.chain((columns) =>
      fc.record({
        columns: fc.constant(columns),
        rows: fc.array(fc.array(text, { minLength: columns.length, maxLength: columns.length }), {
          minLength: 1,
          maxLength: 6,
        }),
      }),
    );

    it('reads back what was written, in any chunks', async () => {
      await fc.assert(
        fc.asyncProperty(table, style, fc.integer({ min: 1, max: 50 }), async ({ columns, rows }, how, chunkSize) => {
          const written = Buffer.from(write([['phone', ...columns], ...rows.map((row, i) => [phone(i), ...row])], how));
          const chunks = Array.from({ length: Math.ceil(written.length / chunkSize) }, (_, i) =>
            written.subarray(i * chunkSize, (i + 1) * chunkSize),
          );

          const list = await shown(await readContactCsv(Readable.from(chunks), DEFAULT_CONTACT_LIST_LIMITS));

          expect(list).toEqual(await read(written));
          expect(list.contacts.map(({ contactData }) => new Map(Object.entries(contactData)))).toEqual(
            rows.map((row, i) => new Map([['phone', phone(i)], ...columns.map((key, c) => [key, row[c]] as const)])),
          );
        }),
        { numRuns: runsOf(300) },
      );
    });

    it('valid, invalid and duplicate ones add up to the rows that are not blank', async () => {
      const row = fc.oneof(
        fc.constantFrom(
          [''],
          ['', ' '],
          [phone(1), 'a'],
          [phone(2), 'b'],
          ['x', 'c'],
          ['', 'd'],
          ['e'],
          [phone(3), 'f', 'g'],
        ),
        fc.nat(20).map((n) => [phone(n), 'h']),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(row, { maxLength: 30 }), style, async (rows, how) => {
          const list = await read(write([['phone', 'n'], [phone(0), 'first'], ...rows], how));
          const filled = rows.filter((cells) => cells.some((cell) => cell.trim() !== '')).length + 1;
          expect(list.contacts.length + list.invalidContacts + list.duplicateContacts).toBe(filled);
          expect(new Set(list.contacts.map(({ phoneNumber }) => phoneNumber)).size).toBe(list.contacts.length);
          expect(list.contacts[0]?.contactData.n).toBe('first');
        }),
        { numRuns: runsOf(200) },
      );
    });

    it('throws nothing but domain errors for any bytes', async () => {
      const soup = fc.array(
        fc.constantFrom('phone', ',', ';', '"', '\n', '\r\n', '\r', ' ', '+14155550101', 'é', '\ufeff', 'x'),
      );
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        soup.map((parts) => Buffer.from(parts.join(''))),
      );
      await fc.assert(
        fc.asyncProperty(bytes, async (anything) => {
          expect(await readOrRefuse(Buffer.from(anything))).toEqual(expect.any(String));
        }),
        { numRuns: runsOf(1_000) },
      );
    });
  });
});
