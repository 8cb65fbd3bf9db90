import { describe, expect, it } from '@jest/globals';
import { Batched } from './batched.js';
import { UnavailableError } from './unavailable.error.js';

interface Asked {
  readonly key: string;
}

/** Work whose batches the test lets end one by one. */
const setup = (most = 10) => {
  const batches: {
    readonly keys: string[];
    readonly isApart: boolean;
    readonly end: () => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  const batched = new Batched<Asked, string>(
    (items, isApart) =>
      new Promise((resolve, reject) => {
        const keys = items.map(({ key }) => key);
        batches.push({ keys, isApart, end: () => resolve(keys.map((key) => key.toUpperCase())), fail: reject });
      }),
    {
      keyOf: ({ key }) => key,
      most,
      groups: { of: ({ key }) => key.split('.')[1] ?? '', isMeant: (error) => (error as Error).message === 'locked' },
    },
  );
  const ask = (...keys: string[]) => keys.map((key) => batched.do({ key }));
  return { batches, ask };
};

/** Until what was settled has had its consequences. */
const turn = () => new Promise(setImmediate);

describe('Batched', () => {
  it('begins at once, and does together what comes meanwhile', async () => {
    const { batches, ask } = setup();
    const [first] = ask('a');
    const later = ask('b', 'c');
    expect(batches.map(({ keys }) => keys)).toEqual([['a']]);

    batches[0].end();
    expect(await first).toBe('A');
    await turn();
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
      await turn();
    }
    expect(batches.map(({ keys }) => keys)).toEqual([['a'], ['b', 'c'], ['b', 'd']]);
  });

  it('tells a failure to the one it is of, and does the others', async () => {
    const { batches, ask } = setup();
    const [first] = ask('a');
    const [second, third] = ask('b', 'c');
    batches[0].fail(new Error('away'));
    await expect(first).rejects.toThrow('away');

    batches[1].fail(new Error('one of them is bad'));
    await turn();
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
    await turn();

    batches[1].fail(new UnavailableError(new Error('locked for seconds')));

    for (const other of others) await expect(other).rejects.toBeInstanceOf(UnavailableError);
    expect(batches).toHaveLength(2);
  });

  it('does the groups apart, each by itself, when one of them may hold up the others', async () => {
    const { batches, ask } = setup();
    const [first] = ask('a');
    const [held, free] = ask('b.held', 'b.free');
    batches[0].end();
    await first;
    await turn();

    batches[1].fail(new Error('locked'));
    await turn();
    const [heldToo, other] = ask('c.held', 'c.other');

    expect(batches.slice(2)).toMatchObject([
      { keys: ['b.held'], isApart: true },
      { keys: ['b.free'], isApart: true },
      { keys: ['c.other'], isApart: false },
    ]);
    batches[3].end();
    batches[4].end();
    expect(await free).toBe('B.FREE');
    expect(await other).toBe('C.OTHER');
    batches[2].fail(new Error('locked'));
    await expect(held).rejects.toThrow('locked');
    await turn();
    batches[5].end();
    expect(await heldToo).toBe('C.HELD');
    await turn();

    const [again] = ask('d.held');
    expect(batches[6]).toMatchObject({ keys: ['d.held'], isApart: false });
    batches[6].end();
    expect(await again).toBe('D.HELD');
  });
});
