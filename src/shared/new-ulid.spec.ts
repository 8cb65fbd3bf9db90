import { describe, expect, it } from '@jest/globals';
import { decodeTime, isValid } from 'ulid';
import { ascendingUlids, newUlid } from './new-ulid.js';

describe('a new ULID', () => {
  it('has the time, and is another one each time', () => {
    const from = Date.now();
    const ids = Array.from({ length: 10_000 }, newUlid);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every(isValid)).toBe(true);
    expect(decodeTime(ids[0])).toBeGreaterThanOrEqual(from);
    expect(decodeTime(ids.at(-1) as string)).toBeLessThanOrEqual(Date.now());
  });

  it('uses every character in every place', () => {
    const ids = Array.from({ length: 10_000 }, newUlid);
    for (let place = 10; place < 26; place += 1) expect(new Set(ids.map((id) => id[place])).size).toBe(32);
  });
});

it('ascending ones ascend within a millisecond', () => {
  const next = ascendingUlids();
  const ids = Array.from({ length: 100 }, () => next(1_000));
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(100);
});
