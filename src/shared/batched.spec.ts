import { describe, expect, it } from '@jest/globals';
import { Batched } from './batched.js';
import { UnavailableError } from './unavailable.error.js';

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
    { keyOf: ({ key }) => key, groupOf: ({ key }) => key.split('.')[1] ?? '', most },
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
    batches[2].fail(new Error('bad'));
    await expect(second).rejects.toThrow('bad');
    batches[3].end();

    expect(await third).toBe('C');
    expect(batches.slice(2).map(({ keys }) => keys)).toEqual([['b'], ['c']]);
  });

  it('tells an outage to all of them at once', async () => {
    const { batches, ask } = setup();
    const [first] = ask('a');
    const others = ask('b', 'c');
    batches[0].end();
    await first;

    batches[1].fail(new UnavailableError(new Error('locked for seconds')));

    for (const other of others) await expect(other).rejects.toBeInstanceOf(UnavailableError);
    expect(batches).toHaveLength(2);
  });

  it('lets no group wait for another', async () => {
    const { batches, ask } = setup();
    const [held] = ask('a.held');
    const [behind] = ask('b.held');
    const [other] = ask('a.free');

    batches[1].end();

    expect(await other).toBe('A.FREE');
    expect(batches.map(({ keys }) => keys)).toEqual([['a.held'], ['a.free']]);
    batches[0].end();
    await held;
    batches[2].end();
    expect(await behind).toBe('B.HELD');
  });
});
