import { describe, expect, it } from '@jest/globals';
import { SharedAnswer } from './shared-answer.js';

const AN_HOUR_MS = 3_600_000;

const setup = (keptMs: number) => {
  let asked = 0;
  return new SharedAnswer(async () => (asked += 1), keptMs);
};

describe('SharedAnswer', () => {
  it('asks once for all who want to know within its time', async () => {
    const answer = setup(AN_HOUR_MS);

    expect(await Promise.all([answer.get(), answer.get()])).toEqual([1, 1]);
    expect(await answer.get()).toBe(1);
  });

  it('asks again when that is over', async () => {
    const answer = setup(0);

    expect([await answer.get(), await answer.get()]).toEqual([1, 2]);
  });
});
