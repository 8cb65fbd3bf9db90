import { describe, expect, it } from '@jest/globals';
import { Gathered } from './gathered.js';

/** Work that says how each item was done; odd ones cannot be done together. */
function aGathered() {
  const batches: (readonly number[])[] = [];
  const gathered = new Gathered<number, string>(
    String,
    async (item) => {
      if (item < 0) throw new Error('negative');
      return `${item} alone`;
    },
    async (items) => {
      batches.push(items);
      if (items.some((item) => item < 0)) throw new Error('one is negative');
      return items.map((item) => (item % 2 === 0 ? `${item} together` : null));
    },
  );
  return { gathered, batches };
}

describe('work that is gathered', () => {
  it('is done alone for one who is alone, again and again', async () => {
    const { gathered, batches } = aGathered();
    for (const item of [2, 4]) expect(await gathered.do(item)).toBe(`${item} alone`);
    expect(batches).toEqual([]);
  });

  it('is done together for those who come meanwhile, and alone for what cannot', async () => {
    const { gathered } = aGathered();
    const done = await Promise.all([2, 4, 5, 6].map((item) => gathered.do(item)));
    expect(done).toEqual(['2 alone', '4 together', '5 alone', '6 together']);
  });

  it('fails for one, and for no other', async () => {
    const { gathered } = aGathered();
    const done = await Promise.allSettled([2, 4, -1, 6].map((item) => gathered.do(item)));
    expect(done.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error).message))).toEqual([
      '2 alone',
      '4 together',
      'one is negative',
      '6 together',
    ]);
  });
});
