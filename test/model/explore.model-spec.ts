import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { explore, type Model, type Step, type StepKind } from './explore.js';
import { INITIAL, pack, unpack, type StartState, type Status } from './start-state.js';
import { StateTable } from './state-table.js';

type Edge = readonly [from: number, to: number, kind?: StepKind];

/** A model whose states are numbers, given by its edges; a step into a negative number breaks the promise. */
const graph = (edges: readonly Edge[], ends: readonly number[]): Model<number> => ({
  initial: 0,
  pack: (state) => state,
  unpack: (packed) => packed,
  steps: (state) =>
    edges
      .filter(([from]) => from === state)
      .map(([from, to, kind = 'work']): Step<number> => ({ kind, what: `${from} to ${to}`, to })),
  violation: (_from, { to }) => (to < 0 ? 'none is negative' : undefined),
  isEnd: (state) => ends.includes(state),
  endPromise: 'it ends',
});

describe('the search', () => {
  it('counts every state once and every transition', () => {
    const diamond = graph([[0, 1], [0, 2], [1, 3], [2, 3]], [3]); // prettier-ignore

    expect(explore(diamond, 10)).toEqual({ states: 4, transitions: 4, depth: 2, farthestFromEnd: 2, broken: null });
  });

  it('finds a broken promise by a shortest way', () => {
    const longAndShort = graph([[0, 1], [1, 2], [2, -1], [0, 3], [3, -2]], []); // prettier-ignore

    expect(explore(longAndShort, 10).broken).toEqual({ promise: 'none is negative', trace: ['0 to 3', '3 to -2'] });
  });

  it('finds a dead-lock', () => {
    expect(explore(graph([[0, 1], [0, 2]], [1]), 10).broken).toEqual({ promise: 'it ends', trace: ['0 to 2'] }); // prettier-ignore
  });

  it('finds a circle without a way out, and allows one with a way out', () => {
    const circle: Edge[] = [[0, 1], [1, 2], [2, 1]]; // prettier-ignore

    expect(explore(graph([...circle, [0, 3]], [3]), 10).broken).toEqual({ promise: 'it ends', trace: ['0 to 1'] });
    expect(explore(graph([...circle, [2, 3]], [3]), 10).broken).toBeNull();
  });

  it.each(['fault', 'request'] as const)('does not count on a %s to end it', (kind) => {
    expect(explore(graph([[0, 1, kind]], [1]), 10).broken).toEqual({ promise: 'it ends', trace: [] });
  });

  it('looks into what a fault leads to', () => {
    expect(explore(graph([[0, 1], [0, 2, 'fault']], [1]), 10).broken).toEqual({ promise: 'it ends', trace: ['0 to 2'] }); // prettier-ignore
  });

  it('refuses to stop half-way for want of room', () => {
    expect(() => explore(graph([[0, 1], [1, 2]], [2]), 2)).toThrow('more than 2 states'); // prettier-ignore
  });
});

describe('a table of states', () => {
  it('gives each its number again, and a new one the next', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeNat()), (keys) => {
        const table = new StateTable(Math.max(1, keys.length));
        const distinct = [...new Set(keys)];
        for (const key of keys) table.add(key);

        expect(table.size).toBe(distinct.length);
        expect(distinct.map((key) => table.add(key))).toEqual([...distinct.keys()]);
        expect(distinct.map((_, index) => table.keyOf(index))).toEqual(distinct);
      }),
    );
  });
});

describe('a packed state', () => {
  it('is unpacked as it was', () => {
    const upTo = (max: number) => fc.nat({ max });
    const states: fc.Arbitrary<StartState> = fc.record({
      now: upTo(5),
      status: upTo(3) as fc.Arbitrary<Status>,
      revision: upTo(3),
      secondStart: upTo(3),
      thirdStart: upTo(3),
      starts: upTo(2),
      startedBy: upTo(3),
      isCancelAnswered: upTo(1),
      queue: upTo(7),
      adds: upTo(7),
      removes: upTo(7),
      worker: upTo(9),
      otherWorker: upTo(9),
      moving: upTo(3),
    } satisfies Record<keyof typeof INITIAL, fc.Arbitrary<number>>);

    fc.assert(
      fc.property(states, (state) => {
        expect(unpack(pack(state))).toEqual(state);
        expect(Number.isSafeInteger(pack(state))).toBe(true);
      }),
    );
  });
});
