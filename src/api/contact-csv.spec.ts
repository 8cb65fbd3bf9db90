import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { ExportedContact } from '../batch-jobs/export.repository.js';
import { toCsv } from './contact-csv.js';

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
  ])('defuses %j', async (value) => {
    expect(await cellOf(value)).toBe(`'${value}`);
  });

  it.each(['+12025550123', '+1', 'a=1', "it's", ' =1', '0049', ''])('leaves %j as it is', async (value) => {
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
