import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ExactNumber, hasExactNumber, isJsonObject, parseExactly, stringifyExactly } from './exact-json.js';

describe('parseExactly and stringifyExactly', () => {
  it.each([
    '9007199254740993',
    '-9007199254740993',
    '12345678901234567890123456789012345678901234567890',
    '3.14159265358979323846',
    '0.1234567890123456789',
    '1e999',
    '-1.5E-400',
    '{"crmId":9007199254740993,"list":[1,9007199254740995,"9007199254740993"],"deep":{"a":{"b":1.00000000000000001}}}',
    String.raw`{"a\"9007199254740993":"\\\"9007199254740993","b":9007199254740993}`,
    '{"9007199254740993":9007199254740993}',
    '{"__proto__":9007199254740993,"constructor":{"toJSON":9007199254740993}}',
  ])('keep %s as it is', (json) => {
    expect(stringifyExactly(parseExactly(json))).toBe(json);
  });

  it.each([
    '1',
    '9007199254740991',
    '9007199254740992',
    '0.30000000000000004',
    '-12.5',
    '12025550100',
    '1.5',
    '"9007199254740993"',
  ])('make nothing special of %s', (json) => {
    expect(parseExactly(json)).toBe(JSON.parse(json));
  });

  it('do with any other JSON what the built-in ones do', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const json = JSON.stringify(value);
        expect(stringifyExactly(parseExactly(json))).toBe(JSON.stringify(JSON.parse(json)));
      }),
    );
  });

  it('keep any integer, wherever it stands', () => {
    const integer = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String);
    fc.assert(
      fc.property(integer, fc.string(), (text, key) => {
        const json = `{${JSON.stringify(key)}:[${JSON.stringify(key)},${text}]}`;
        expect(stringifyExactly(parseExactly(json))).toBe(json);
      }),
    );
  });

  it.each([
    '{9007199254740993:1}',
    '9007199254740993x',
    '[9007199254740993',
    '"9007199254740993',
    '',
    '09007199254740993',
  ])('refuse %j, which is no JSON', (text) => {
    expect(() => parseExactly(text)).toThrow(SyntaxError);
  });

  it('read a text of any length', () => {
    const json = JSON.stringify({ text: 'x"\\'.repeat(500_000), id: 'ID' }).replace('"ID"', '9007199254740993');
    expect(stringifyExactly(parseExactly(json))).toBe(json);
  });
});

describe('ExactNumber', () => {
  it('is its digits to whoever writes it otherwise, and never rounded', () => {
    const value = parseExactly('{"id":9007199254740993}') as { id: ExactNumber };
    expect(String(value.id)).toBe('9007199254740993');
    expect(JSON.stringify(value)).toBe('{"id":"9007199254740993"}');
    expect(hasExactNumber([{ a: value }])).toBe(true);
    expect(hasExactNumber([{ a: [1, null, 'x'] }])).toBe(false);
    expect([value, value.id, [value], null].map(isJsonObject)).toEqual([true, false, false, false]);
  });
});
