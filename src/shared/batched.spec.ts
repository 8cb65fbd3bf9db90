import { describe, expect, it } from '@jest/globals';
import { Batched } from './batched.js';

interface Asked {
  readonly key: string;
}

/** Work whose batches the test lets end one by one. */
const setup = (most = 10) => {
  const batches: { readonly keys: string[]; readonly end: () => void; readonly fail: (error: Error) => void }[] = [];
  const batched = new Batched<Asked, string>(
    (items) =>
      new Promise((resolve, reject) => {
        const keys = items.map(({ key }) => key);
        batches.push({ keys, end: () => resolve(keys.map((key) => key.toUpperCase())), fail: reject });
      }),
    ({ key }) => key,
    most,
  );
  const ask = (...keys: string[]) => keys.map((key) => batched.do({ key }));
  return { batches, ask };
};

describe('Batched', () => {
  it('begins at once, and does together what comes meanwhile', async () => {
    const { batches, ask } = setup();
    const [first] = ask('a');
    const later = ask('b', 'c');
    expect(batches.map(({ keys }) => keys)).toEqual([['a']]);

    batches[0].end();
    expect(await first).toBe('A');
    batches[1].end();

    expect(await Promise.all(later)).toEqual(['B', 'C']);
    expect(batches.map(({ keys }) => keys)).toEqual([['a'], ['b', 'c']]);
  });

  it('keeps two of the same key, and those beyond the most, for the next time', async () => {
    const { batches, ask } = setup(2);
    const [first] = ask('a');
    const later = ask('b', 'b', 'c', 'd');
    for (const [at, answer] of [first, later[0], later[1]].entries()) {
      batches[at].end();
      await answer;
    }
    expect(batches.map(({ keys }) => keys)).toEqual([['a'], ['b', 'c'], ['b', 'd']]);
    batches[3]?.end();
  });

  it('tells a failure to the one it is of, and does the others', async () => {
    const { batches, ask } = setup();
    const [first] = ask('a');
    const [second, third] = ask('b', 'c');
    batches[0].fail(new Error('away'));
    await expect(first).rejects.toThrow('away');

    batches[1].fail(new Error('one of them is bad'));
    await new Promise(setImmediate);
    expect(batches.slice(2).map(({ keys }) => keys)).toEqual([['b'], ['c']]);
    batches[2].fail(new Error('bad'));
    batches[3].end();

    await expect(second).rejects.toThrow('bad');
    expect(await third).toBe('C');
  });
});
