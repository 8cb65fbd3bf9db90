import { describe, expect, it } from '@jest/globals';
import { estimate, estimateCompletion } from '../../src/operations/estimate.js';
import { Random } from '../faults/random.js';
import { SimulatedCalls, type SimulatedBatch } from './simulated-calls.js';

const MINUTE_MS = 60_000;
const SEED = 20_270_301;

/** Contacts, slots, share of calls that are repeated, most attempts. */
const BATCHES = [
  [100, 5, 0, 3],
  [100, 5, 0.3, 3],
  [100, 5, 0.5, 3],
  [100, 5, 0.7, 3],
  [50, 50, 0.4, 3],
  [200, 1, 0.4, 3],
  [500, 5, 0.35, 1],
  [300, 10, 0.85, 4],
  [1_000, 5, 0.4, 3],
  [1_000, 50, 0.4, 3],
  [1_000, 50, 0.6, 5],
] as const;

const SMALL_BATCHES = [
  [1, 5, 0.4, 3],
  [3, 5, 0.4, 3],
  [10, 5, 0.4, 3],
  [20, 5, 0.5, 10],
] as const;

const SETTINGS = { averageCallMinutes: 2, costPerMinuteDollars: 0.0175, retryDelaysMinutes: [5, 30, 60] };

const batchOf = ([contacts, slots, retryShare, maxAttempts]: readonly [
  number,
  number,
  number,
  number,
]): SimulatedBatch => ({
  contacts,
  slots,
  retryShare,
  maxAttempts,
  retryDelays: SETTINGS.retryDelaysMinutes,
  callLength: SETTINGS.averageCallMinutes,
});

const runsOf = ({ contacts }: SimulatedBatch): number => (contacts > 500 ? 40 : contacts < 50 ? 2_000 : 200);

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the estimate before a batch is called', () => {
  it.each([...BATCHES, ...SMALL_BATCHES])(
    'is within 7 % of the average that it takes: %d contacts, %d at a time, a share of %d repeated, %d attempts',
    (...of) => {
      const batch = batchOf(of);
      const random = new Random(SEED);
      const took = meanOf(Array.from({ length: runsOf(batch) }, () => new SimulatedCalls(batch, random).run()));
      const limits = { concurrentCallLimit: 50, maxAttempts: batch.maxAttempts };
      const habits = { concurrentCallLimit: batch.slots, calls: 1_000, retried: 1_000 * batch.retryShare };

      const { minutes } = estimate(batch.contacts, limits, habits, SETTINGS);

      expect(Math.abs(minutes / took - 1)).toBeLessThan(0.07);
    },
  );
});

/** Shares of the contacts that have ended, and how far the average may be off then. */
const MOMENTS = [
  [0.1, 0.15],
  [0.25, 0.08],
  [0.5, 0.03],
  [0.75, 0.03],
  [0.9, 0.03],
] as const;

/** By how much the estimates of all runs are off at each moment, as a share of what the run took. */
const errorsOf = (batch: SimulatedBatch): Map<number, number[]> => {
  const random = new Random(SEED);
  const errors = new Map<number, number[]>(MOMENTS.map(([moment]) => [Math.ceil(moment * batch.contacts), []]));
  for (let run = 0; run < runsOf(batch); run += 1) {
    const estimates: [number, number][] = [];
    const took = new SimulatedCalls(batch, random).run((ended, look) => {
      if (!errors.has(ended)) return;
      const { clock, counts, course } = look();
      const job = { status: 'running', startedAt: new Date(0), totalContacts: batch.contacts } as const;
      estimates.push([ended, Number(estimateCompletion(job, counts, course, clock, SETTINGS)) / MINUTE_MS]);
    });
    for (const [ended, minutes] of estimates) errors.get(ended)?.push(minutes / took - 1);
  }
  return errors;
};

describe('the estimate while a batch is called', () => {
  it.each(BATCHES)(
    'is on the average as near as it should be: %d contacts, %d at a time, a share of %d repeated, %d attempts',
    (...of) => {
      const batch = batchOf(of);
      const errors = errorsOf(batch);
      for (const [moment, most] of MOMENTS) {
        const error = meanOf(errors.get(Math.ceil(moment * batch.contacts)) ?? []);
        expect({ moment, isNear: Math.abs(error) < most, error }).toMatchObject({ moment, isNear: true });
      }
    },
  );
});
