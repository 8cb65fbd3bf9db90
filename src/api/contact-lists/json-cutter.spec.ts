import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { JsonCutter, type JsonSink } from './json-cutter.js';
import { runsOf } from '../../../test/support/long-run.js';

const refuse = (what: string) => (): never => {
  throw new Error(what);
};

const LIMITS = { maxElementBytes: 1_000, maxRestBytes: 1_000, maxDepth: 32 };

interface Cut {
  /** The whole, put together again. */
  readonly value: unknown;
  /** Null: no list was cut. */
  readonly elements: readonly unknown[] | null;
}

/** Cuts a text that arrives in such pieces, and parses what comes of it. */
const cut = (text: string | Buffer, pieceBytes = 1_000, limits = LIMITS): Cut => {
  const elements: unknown[] = [];
  const sink: JsonSink = {
    take: (element) => void elements.push(JSON.parse(element)),
    refuseRepetition: refuse('repetition'),
    refuseLongElement: refuse('long element'),
    refuseLongRest: refuse('long rest'),
    refuseDepth: refuse('depth'),
    refuseEncoding: refuse('encoding'),
  };
  const cutter = new JsonCutter('contacts', limits, sink);
  const bytes = Buffer.from(text as string);
  for (let at = 0; at < bytes.length; at += pieceBytes) cutter.write(bytes.subarray(at, at + pieceBytes));
  const rest = JSON.parse(cutter.end()) as { contacts?: unknown } | null;
  if (rest?.contacts !== cutter.placeholder) return { value: rest, elements: null };
  return { value: { ...rest, contacts: elements }, elements };
};

/** What became of a text, as JSON.parse or the cutter has it. */
const outcome = (read: () => unknown): string => {
  try {
    return JSON.stringify(read());
  } catch {
    return 'not JSON';
  }
};

describe('JsonCutter', () => {
  it.each([
    ['before other fields', '{"contacts":[{"phone":"1"},{"phone":"2"}],"name":"x"}', 2],
    ['behind other fields', '{"name":"x","contacts":[{"phone":"1"}]}', 1],
    ['with spaces everywhere', ' { "contacts" :\n[ {"phone": "1"} ,\t5 ] , "a" : [ 1 ] }\r\n', 2],
    ['empty', '{"contacts":[ ]}', 0],
    ['of values of every kind', '{"contacts":[1,"a,]",null,true,[[1],[2]],{"a":[{"b":"}"}]}]}', 6],
    ['behind one of the name inside another field', '{"a":{"contacts":[1,2]},"contacts":[3]}', 1],
    ['behind its name as a value', '{"a":"contacts","b":[1],"contacts":[2]}', 1],
    ['behind a name that ends alike', String.raw`{"x\"contacts":[1],"contacts":[2,3]}`, 2],
    ['behind text that looks like one', String.raw`{"a":"{\"contacts\":[1,","contacts":[2,3]}`, 2],
    ['behind a string with escapes', String.raw`{"a":"\\","b":"\\\"","contacts":["\\","\"]"]}`, 2],
    ['in place of an earlier value', '{"contacts":5,"contacts":[1]}', 1],
  ])('cuts a list %s, in any pieces', (_where, text, count) => {
    for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes += 1) {
      const { value, elements } = cut(text, pieceBytes);
      expect(elements).toHaveLength(count);
      expect(value).toEqual(JSON.parse(text));
    }
  });

  it.each([
    ['none', '{"name":"x"}'],
    ['one that is no list', '{"contacts":{"a":[1]}}'],
    ['one in a list', '[{"contacts":[1]}]'],
    ['one with an escape in its name', String.raw`{"\u0063ontacts":[1,2]}`],
    ['one that another value follows', '{"contacts":[1],"contacts":7}'],
    ['no object', '"contacts"'],
  ])('leaves to the caller %s', (_what, text) => {
    const { value, elements } = cut(text);
    expect(elements).toBeNull();
    expect(value).toEqual(JSON.parse(text));
  });

  it.each([
    '{"contacts":[1,]}',
    '{"contacts":[,1]}',
    '{"contacts":[,]}',
    '{"contacts":[1 2]}',
    '{"contacts":[1}]}',
    '{"contacts":[{"a":1}}]}',
    '{"contacts":[{"a":1]]}',
    '{"contacts":[[1}]}',
    '{"contacts":[1]',
    '{"contacts":[1',
    '{"contacts":["1]}',
    '{"contacts":[\u00a0]}',
    '{"contacts":[1]]}',
    '{"contacts":[1]}}',
    '{"contacts" [1]}',
    '{"contacts":[1] "a":2}',
    '{"a":"x,"contacts":[1]}',
    '{,"contacts":[1]}',
    '',
  ])('leaves no JSON of %s', (text) => {
    expect(outcome(() => JSON.parse(text))).toBe('not JSON');
    expect(outcome(() => cut(text))).toBe('not JSON');
  });

  it('refuses a second list of the name', () => {
    expect(() => cut('{"contacts":[1],"contacts":[2]}')).toThrow('repetition');
  });

  it('keeps to its limits, inclusively', () => {
    const limits = { ...LIMITS, maxElementBytes: 5, maxRestBytes: 200 };
    expect(cut('{"contacts":["123"]}', 1, limits).elements).toEqual(['123']);
    expect(() => cut('{"contacts":["1234"]}', 1, limits)).toThrow('long element');
    expect(() => cut(`{"contacts":["${'x'.repeat(10_000)}`, 1, limits)).toThrow('long element');
    expect(() => cut(`{"name":"${'x'.repeat(200)}`, 1, limits)).toThrow('long rest');
  });

  it.each([
    ['an element', '{"contacts":["'],
    ['the rest', '{"name":"'],
  ])('keeps no more of %s that arrives byte by byte', (_what, begin) => {
    const length = 1_000_000;
    const limits = { ...LIMITS, maxElementBytes: 2 * length, maxRestBytes: 2 * length };
    const sink: JsonSink = {
      take: () => undefined,
      refuseRepetition: refuse('repetition'),
      refuseLongElement: refuse('long element'),
      refuseLongRest: refuse('long rest'),
      refuseDepth: refuse('depth'),
      refuseEncoding: refuse('encoding'),
    };
    const cutter = new JsonCutter('contacts', limits, sink);
    cutter.write(Buffer.from(begin));
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < length; at += 1) cutter.write(Buffer.from('x'));
    // A buffer for each byte would be 100 MB and more.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(60_000_000);
    expect(cutter.end()).toMatch(/^\{/);
  });

  it.each([
    ['an element', [0xe2, 0x82], []],
    ['the rest', [], [0xff]],
  ])('refuses bytes that are no UTF-8 in %s', (_where, inElement, inRest) => {
    const parts = ['{"contacts":["', inElement, '",1],"a":"', inRest, '"}'];
    const text = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    expect(() => cut(text, 1)).toThrow('encoding');
  });

  it.each([
    ['an element', (nested: string) => `{"contacts":[${nested}]}`, 30],
    ['the rest', (nested: string) => `{"a":${nested}}`, 31],
  ])('refuses %s that is nested deeper than may be, before it has arrived', (_where, write, deepest) => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    const text = write(nested(deepest));
    expect(cut(text).value).toEqual(JSON.parse(text));
    expect(() => cut(write('['.repeat(deepest + 1)))).toThrow('depth');
  });

  it('makes of any JSON what JSON.parse makes of it, in any pieces', () => {
    const field = fc.constantFrom('contacts', 'name', 'a"contacts', '\\', '');
    const object = fc.dictionary(field, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
    const value = fc.oneof({ weight: 5, arbitrary: object }, { weight: 1, arbitrary: fc.jsonValue() });
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 40 }), fc.constantFrom(0, 2), (json, pieceBytes, spaces) => {
        const text = JSON.stringify(json, null, spaces);
        const limits = { ...LIMITS, maxElementBytes: 100_000, maxRestBytes: 100_000 };
        expect(cut(text, pieceBytes, limits).value).toEqual(JSON.parse(text));
      }),
      { numRuns: runsOf(1_000) },
    );
  });

  it('takes for JSON what JSON.parse takes for it, and nothing else', () => {
    const part = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"contacts"',
      '"a"',
      '1',
      ' ',
      '"',
      '\\',
      'null',
      '{"contacts":[',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
        const text = parts.join('');
        const ours = outcome(() => {
          try {
            return cut(text, 3).value;
          } catch (error: unknown) {
            // What is refused for another reason is not compared.
            if (error instanceof SyntaxError) throw error;
            return JSON.parse(text) as unknown;
          }
        });
        fc.pre(!/contacts.*contacts/.test(text));
        expect(ours).toBe(outcome(() => JSON.parse(text)));
      }),
      { numRuns: runsOf(20_000) },
    );
  });
});
