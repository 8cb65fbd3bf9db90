import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { Readable } from 'node:stream';
import { DEFAULT_CONTACT_LIST_LIMITS, readContactCsv } from '../../batch-jobs/contact-list.js';
import type { ExportedContact } from '../../batch-jobs/export.statements.js';
import { ExactNumber } from '../../shared/exact-json.js';
import { shown } from '../../../test/support/shown-list.js';
import { toCsv } from './export-csv.js';

const aContact = (
  contactData: Readonly<Record<string, unknown>>,
  known: Partial<ExportedContact> = {},
): ExportedContact => ({
  phoneNumber: '+12025550123',
  contactData,
  status: 'completed',
  attemptCount: 1,
  lastAttemptAt: null,
  completedAt: null,
  callDurationSeconds: null,
  errorCode: null,
  failureReason: null,
  roomName: null,
  ...known,
});

/** @returns the text of a list with these contacts in one piece */
const csvOf = async (
  columns: readonly string[],
  contacts: readonly ExportedContact[],
  hasMoreColumns = false,
): Promise<string> => {
  const pieces = (async function* one() {
    yield contacts;
  })();
  let text = '';
  for await (const piece of toCsv({ columns, hasMoreColumns, pieces })) text += piece;
  return text;
};

const rowsOf = (csv: string): string[][] => parse(csv, { bom: true });

/** What one cell of a custom column becomes. */
const cellOf = async (value: unknown): Promise<string> => {
  const [, row] = rowsOf(await csvOf(['x'], [aContact({ x: value })]));
  return row[1];
};

describe('toCsv', () => {
  it.each([
    '=1+1',
    '+1+1',
    '-1',
    '@SUM(A1)',
    '\tx',
    '\rx',
    '=HYPERLINK("http://x","y")',
    '+',
    '+12 34',
    '+1234567890123456',
    '+12025550123',
    '\n=1',
    '\r\n',
    '\uff1d1',
  ])('defuses %j', async (value) => {
    expect((await cellOf(value))[0]).toBe("'");
    expect((await cellOf(value)).replaceAll("'", '')).toBe(value.replaceAll("'", ''));
  });

  it.each([
    ['x;=1+1', "x;'=1+1"],
    ['x,=1', "x,'=1"],
    ['x\t@SUM(A1)', "x\t'@SUM(A1)"],
    ['x|-1', "x|'-1"],
    ['a\n+1\r\n=2', "a\n'+1\r\n'=2"],
    ['\n=1', "'\n'=1"],
    ['x;"=1"', 'x;"\'=1"'],
    ['x;;\uff1d1;\uff20', "x;;'\uff1d1;'\uff20"],
    ['=1;=2', "'=1;'=2"],
    ['+12025550123;+12025550124', "'+12025550123;'+12025550124"],
  ])('defuses what may begin a cell inside %j', async (value, cell) => {
    expect(await cellOf(value)).toBe(cell);
  });

  it.each([
    [{ a: 'x;=1', b: [1, -5] }, '{"a":"x;\\u003d1","b":[1,-5]}'],
    [['a|@b', ';\uff1d'], '["a|\\u0040b",";\\uff1d"]'],
  ])('writes %j so that it stays JSON', async (value, cell) => {
    expect(await cellOf(value)).toBe(cell);
    expect(JSON.parse(cell)).toEqual(value);
  });

  it('is no formula to a spreadsheet that takes semicolons, tabs or bars for the separator', async () => {
    const text = fc.array(
      fc.constantFrom('=', '+', '-', '@', ';', ',', '\t', '|', '"', '\n', '\r', 'x', '1', '\uff1d'),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(text, async (parts) => {
        const csv = await csvOf(['x'], [aContact({ x: parts.join('') })]);
        const others = csv
          .slice(1)
          .split(/[;|\t\r\n]/)
          .map((cell) => cell.replace(/^"*/, ''));
        for (const cell of [...rowsOf(csv).flat(), ...others]) expect(cell).not.toMatch(/^\s*[=+\-@\uff1d]/);
      }),
    );
  });

  it('comes back through a spreadsheet: no number is one that it would take for a quantity or a formula', async () => {
    const numbers = ['+12025550123', '+442079460123', '+390612345678', '+48512345678', '+80012345678'];
    const csv = await csvOf(
      [],
      numbers.map((phoneNumber) => aContact({}, { phoneNumber })),
    );
    const [, ...rows] = rowsOf(csv);
    for (const [cell] of rows) expect(cell).not.toMatch(/^[\s\d=+@(-]/);
    const list = await shown(await readContactCsv(Readable.from([Buffer.from(csv)]), DEFAULT_CONTACT_LIST_LIMITS));
    expect(list.contacts.map(({ phoneNumber }) => phoneNumber)).toEqual(numbers);
    expect(list.invalidContacts).toBe(0);
  });

  it.each(['a=1', "it's", ' =1', '0049', ''])('leaves %j as it is', async (value) => {
    expect(await cellOf(value)).toBe(value);
  });

  it('defuses what a dialer says, and names of columns', async () => {
    const failed = aContact({ '=a': 'x' }, { errorCode: '=1', failureReason: '+x', roomName: '@room' });
    const [header, row] = rowsOf(await csvOf(['=a'], [failed]));
    expect(header.slice(0, 2)).toEqual(['phone', "'=a"]);
    expect(row.slice(-3)).toEqual(["'=1", "'+x", "'@room"]);
  });

  it.each([
    [36, '36'],
    [-5, '-5'],
    [1.5, '1.5'],
    [true, 'true'],
    [false, 'false'],
    [null, ''],
    [{ a: [1, 'b'] }, '{"a":[1,"b"]}'],
    [['a', null], '["a",null]'],
    [new ExactNumber('9007199254740993'), '9007199254740993'],
    [[new ExactNumber('9007199254740993')], '[9007199254740993]'],
  ])('writes %j as %j', async (value, cell) => {
    expect(await cellOf(value)).toBe(cell);
  });

  it.each(['a\nb', 'a\rb', 'a\r\nb', 'a,b', '"', 'a "b"', ' a ', 'ü €', '\u{1f600}'])(
    'keeps %j in one cell',
    async (value) => {
      expect(await cellOf(value)).toBe(value);
    },
  );

  it.each(['a\nb', 'a\rb', 'a\r\nb'])(
    'quotes %j, as a reader may take any line break for the end of a row',
    async (value) => {
      expect(await csvOf(['x'], [aContact({ x: value })])).toContain(`"${value}"`);
    },
  );

  it('takes names that objects inherit for ordinary columns', async () => {
    const columns = ['__proto__', 'constructor', 'toString'];
    const own = aContact(JSON.parse('{"__proto__": "p", "constructor": "c"}') as Record<string, unknown>);
    const [, first, second] = rowsOf(await csvOf(columns, [own, aContact({})]));
    expect(first.slice(1, 4)).toEqual(['p', 'c', '']);
    expect(second.slice(1, 4)).toEqual(['', '', '']);
  });

  it.each([
    [['name'], 'call.'],
    [['call'], 'call.'],
    [['call.status'], 'call2.'],
    [['CALL.x', 'call2.y'], 'call3.'],
  ])('beside the columns %j, ours begin with %j', async (columns, prefix) => {
    const [header] = rowsOf(await csvOf(columns, []));
    expect(header).toEqual([
      'phone',
      ...columns,
      ...['status', 'attemptCount', 'lastAttemptAt', 'completedAt', 'callDuration', 'errorCode', 'failureReason'].map(
        (name) => `${prefix}${name}`,
      ),
      `${prefix}roomName`,
    ]);
  });

  it('puts what has no column of its own into one, as JSON', async () => {
    const contacts = [aContact({ phone: '1', a: 1, b: 2, c: '=3' }), aContact({ a: 1 })];
    const [header, first, second] = rowsOf(await csvOf(['a'], contacts, true));
    expect(header[2]).toBe('call.otherData');
    expect([first[2], second[2]]).toEqual(['{"b":2,"c":"=3"}', '']);
  });
});
