import { describe, expect, it } from '@jest/globals';
import { array, assert, constantFrom, property } from 'fast-check';
import { Lanes } from './lanes.js';

interface Item {
  readonly lane: string;
  readonly at: number;
}

const keyOf = ({ lane, at }: Item): string => `${lane}${at}`;

/** Lanes whose work the test lets end one by one. */
const setup = (places = 50) => {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const lanes = new Lanes<Item>(
    (item) =>
      new Promise((resolve) => {
        begun.push(keyOf(item));
        ends.set(keyOf(item), resolve);
      }),
    { places, keyOf, laneOf: ({ lane }) => lane },
  );
  const end = async (key: string): Promise<void> => {
    ends.get(key)?.();
    ends.delete(key);
    await new Promise(setImmediate);
  };
  const inHandOf = (lane: string): number => [...ends.keys()].filter((key) => key.startsWith(lane)).length;
  const fill = (lane: string, items: number): void => {
    for (let at = 0; at < items; at += 1) lanes.add({ lane, at });
  };
  return { lanes, begun, ends, end, fill, inHandOf };
};

describe('Lanes', () => {
  it('give one alone most of the places, and whoever comes next a place at once', async () => {
    const { begun, fill, inHandOf } = setup(50);
    fill('a', 1_000);
    expect(inHandOf('a')).toBe(40);

    fill('b', 1_000);

    expect(begun[40]).toBe('b0');
    expect(inHandOf('b')).toBeGreaterThanOrEqual(5);
    expect(inHandOf('a') + inHandOf('b')).toBeLessThan(50);
  });

  it('give places that become free to the one with the fewest, until both have as many', async () => {
    const { ends, end, fill, inHandOf } = setup(50);
    fill('a', 1_000);
    fill('b', 1_000);

    for (let ended = 0; ended < 40; ended += 1) await end([...ends.keys()].find((key) => key.startsWith('a')) ?? '');

    expect(Math.abs(inHandOf('a') - inHandOf('b'))).toBeLessThanOrEqual(1);
  });

  it('let equals take turns', async () => {
    const { begun, ends, end, fill } = setup(1);
    fill('a', 3);
    fill('b', 3);
    fill('c', 3);
    while (ends.size > 0) await end([...ends.keys()][0]);
    expect(begun).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
  });

  it('take the same item once, while it is in hand and while it waits', async () => {
    const { lanes, begun, end, fill } = setup(1);
    fill('a', 2);
    fill('a', 2);
    expect(lanes.keys).toEqual(['a0', 'a1']);
    await end('a0');
    await end('a1');
    expect(begun).toEqual(['a0', 'a1']);
    expect(lanes.keys).toEqual([]);

    fill('a', 1);
    expect(begun).toEqual(['a0', 'a1', 'a0']);
  });

  it('stop: what is in hand ends, and nothing more begins', async () => {
    const { lanes, begun, end, fill } = setup(2);
    fill('a', 9);
    const stopped = lanes.stop();
    fill('b', 1);
    await end('a0');
    await end('a1');
    await stopped;
    expect(begun).toEqual(['a0', 'a1']);
  });

  it('never hold more than there are places, nor leave one empty that somebody may have', async () => {
    const LANES = ['a', 'b', 'c', 'd'];
    assert(
      property(array(constantFrom(...LANES), { minLength: 1, maxLength: 300 }), (order) => {
        for (const places of [1, 2, 5, 50]) {
          const { lanes, ends, inHandOf } = setup(places);
          order.forEach((lane, at) => lanes.add({ lane, at }));
          const free = places - ends.size;
          expect(free).toBeGreaterThanOrEqual(0);
          const waiting = LANES.filter((lane) => order.filter((one) => one === lane).length > inHandOf(lane));
          for (const lane of waiting) expect(inHandOf(lane)).toBeGreaterThanOrEqual(4 * free);
        }
      }),
      { numRuns: 50 },
    );
  });
});
