import type { Fault } from '../fault.js';
import { CALM } from './calm.js';
import { REDIS_FAULTS } from './redis.js';

/** Every fault there is, in the order of the table. */
export const FAULTS: readonly Fault[] = [CALM, ...REDIS_FAULTS];
