import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { PhoneNumberSet } from './phone-number-set.js';

describe('PhoneNumberSet', () => {
  it('tells a number it has from one it has not', () => {
    const numbers = new PhoneNumberSet();
    const answers = ['+14155550123', '+14155550124', '+14155550123', '+4930123456789', '+14155550124'].map((number) =>
      numbers.add(number),
    );
    expect(answers).toEqual([true, true, false, true, false]);
    expect(numbers.size).toBe(3);
  });

  it('keeps numbers of 15 digits apart that differ in the last', () => {
    const numbers = new PhoneNumberSet();
    expect(['+999999999999998', '+999999999999999', '+999999999999997'].map((n) => numbers.add(n))).toEqual([
      true,
      true,
      true,
    ]);
    expect(numbers.add('+999999999999999')).toBe(false);
  });

  it.each([1, 1_000, 2 ** 20, 2 ** 26])('keeps a hundred thousand in a row, %i apart', (distance) => {
    const numbers = new PhoneNumberSet();
    const list = Array.from({ length: 100_000 }, (_, at) => `+${10_000_000 + at * distance}`);
    expect(list.every((number) => numbers.add(number))).toBe(true);
    expect(numbers.size).toBe(100_000);
    expect(list.some((number) => numbers.add(number))).toBe(false);
  });

  it('is as good as a Set', () => {
    const digits = fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 10 ** 15 - 1 }));
    fc.assert(
      fc.property(fc.array(digits, { maxLength: 3_000, size: 'max' }), (list) => {
        const [ours, theirs] = [new PhoneNumberSet(), new Set<string>()];
        for (const number of list.map((one) => `+${one}`)) {
          if (ours.add(number) === theirs.has(number)) throw new Error(`wrong about ${number}`);
          theirs.add(number);
        }
        expect(ours.size).toBe(theirs.size);
      }),
      { numRuns: 50 },
    );
  });
});
