import { describe, expect, it } from '@jest/globals';
import { firingTimesOf, scoreAt } from './delayed-set.js';

describe("Bull's delayed set", () => {
  it('is read back to the millisecond, whatever its counter says', () => {
    const instantMs = Date.parse('2027-03-01T15:00:00.123Z');
    const members = ['a.r1', String(scoreAt(instantMs)), 'b.r2', String(scoreAt(instantMs) + 4_095)];
    expect(firingTimesOf(members)).toEqual(
      new Map([
        ['a.r1', instantMs],
        ['b.r2', instantMs],
      ]),
    );
  });

  it('may be empty', () => {
    expect(firingTimesOf([])).toEqual(new Map());
  });
});
