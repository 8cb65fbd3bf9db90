import { describe, expect, it } from '@jest/globals';
import { findCsvStart } from './csv-start.js';
import { PIECE_BYTES } from './csv-text.js';

const startOf = (text: string, phoneColumn: string | null = null) => findCsvStart(Buffer.from(text), phoneColumn);

describe('findCsvStart', () => {
  it.each([
    ['phone,name', ','],
    ['phone;name', ';'],
    ['phone\tname', '\t'],
    ['phone|name', '|'],
    ['phone', ','],
    ['', ','],
    ['"phone;mobile",name', ','],
    ['"phone, mobile";name', ';'],
    ['"a\n;b",phone\n', ','],
    ['"a\nb";phone\n', ';'],
    ['"a ""quoted"", word";phone\n', ';'],
    ['\r\n\n,,\nphone;name\n1,2', ';'],
    ['phone;name;amount, EUR', ';'],
    ['phone,name;title', ','],
    ['name\tphone\tamount, EUR; net', '\t'],
    ['phone,|x', ','],
    ['Tel.;|', ';'],
    ['Mobile;Name, first', ';'],
    ['number;name\n1;"a, b"', ';'],
  ])('finds the separator of %j', (start, delimiter) => {
    expect(startOf(start)).toMatchObject({ delimiter, separatorLineBytes: 0 });
  });

  it.each(['a;b,c', 'a;phone,b', 'phone;phone,phone'])('refuses %j, which could be either', (start) => {
    expect(() => startOf(start)).toThrow(/both ',' and ';'/);
  });

  it('names a tab in words', () => {
    expect(() => startOf('a;b\tc')).toThrow(/both ';' and a tab/);
  });

  it.each([
    ['sep=;\r\nphone;name', ';', 7],
    ['sep=,\nphone,name;x', ',', 6],
    ['SEP=\t\nphone\tname', '\t', 6],
    ['"sep=;"\r\nphone;name', ';', 9],
    ['sep=|\nphone|name', '|', 6],
    ['sep=;', ';', 5],
  ])('takes the word of the first line of %j', (start, delimiter, separatorLineBytes) => {
    expect(startOf(start)).toEqual({ delimiter, headerRow: 1, separatorLineBytes });
  });

  it('refuses a first line that names another separator', () => {
    expect(() => startOf('sep=x\nphone')).toThrow("none of ',', ';', a tab, '|'.");
  });

  it.each([
    ['phone,name\n', 1],
    ['\n,\nphone,name\n', 3],
    ['Customers of March\nphone,name\n', 2],
    ['Customers of March,,\n\nphone,name,city\n', 3],
    ['"Report, all\nof it";\nmade on 2026-03-01;by Ann\nphone;name;city\n', 3],
    ['My list\nphone\n+12025550141\n', 2],
    ['Customers, March\nphone\n+12025550141\n', 2],
    ['Kunden\nName;Handynummer\nAnn;+49\n', 2],
  ])('finds the header of %j in row %i', (start, headerRow) => {
    expect(startOf(start)).toMatchObject({ headerRow });
  });

  it.each([
    ['name,number\nAnn,mobile\n', 'a row as wide as the one above it'],
    ['+12025550141,mobile\n', 'a contact'],
    ['name\nAnn,+12025550141,mobile\n', 'a contact below'],
  ])('does not take %j for a file with a header: %s', (start) => {
    expect(startOf(start).delimiter).toBe(',');
    expect(startOf(start)).not.toMatchObject({ headerRow: 3 });
  });

  it('takes the first row with two cells for the header of a file that has none, to say what it found', () => {
    expect(startOf('List\nname;number\nAnn;+1\n')).toMatchObject({ delimiter: ';', headerRow: 2 });
  });

  it('looks for the column that the request names', () => {
    expect(startOf('List\nname;number\nAnn, Bo;1\n', 'Number')).toMatchObject({ delimiter: ';', headerRow: 2 });
  });

  it('looks no further than ten rows', () => {
    const title = (rows: number) => `${'title\n'.repeat(rows)}phone,name\n`;
    expect(startOf(title(9))).toMatchObject({ headerRow: 10 });
    expect(startOf(title(10))).toMatchObject({ headerRow: 1 });
  });

  it('does not mind where its piece of the file ends', () => {
    const text = `phone;"a note"\n+12025550141;"${'x, '.repeat(PIECE_BYTES)}`.slice(0, PIECE_BYTES);
    expect(startOf(text)).toEqual({ delimiter: ';', headerRow: 1, separatorLineBytes: 0 });
  });
});
