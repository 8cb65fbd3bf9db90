import type { Fault } from '../fault.js';

/** No fault: what the others are compared with, and a check of the workload itself. */
export const CALM: Fault = {
  name: 'none',
  boundMs: 15_000,
  run: () => Promise.resolve(),
};
