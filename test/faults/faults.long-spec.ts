import { afterAll, expect, it, jest } from '@jest/globals';
import { FaultRun } from './run.js';

// Rounds run side by side; a test only waits for those of its fault.
jest.setTimeout(24 * 60 * 60 * 1_000);

const run = new FaultRun();
afterAll(() => run.end());

it.each(run.faults.map(({ name }) => name))('%s', async (name) => {
  expect(await run.violationsOf(name)).toEqual([]);
});
