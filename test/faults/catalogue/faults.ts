import type { Fault } from '../fault.js';
import { CALM } from './calm.js';
import { CLOCK_FAULTS } from './clocks.js';
import { CONNECTION_FAULTS } from './connections.js';
import { KILLED_API_FAULTS } from './killed-api.js';
import { KILLED_WORKER_FAULTS } from './killed-workers.js';
import { MISSED_FAULTS } from './missed.js';
import { POSTGRES_FAULTS } from './postgres.js';
import { QUEUE_JOB_FAULT } from './queue-jobs.js';
import { REDIS_FAULTS } from './redis.js';
import { SHUTDOWN_FAULTS } from './shutdowns.js';
import { STORM } from './storms.js';

/** Every fault there is, in the order of the table. */
export const FAULTS: readonly Fault[] = [
  CALM,
  ...KILLED_API_FAULTS,
  ...KILLED_WORKER_FAULTS,
  ...REDIS_FAULTS,
  ...CONNECTION_FAULTS,
  ...POSTGRES_FAULTS,
  STORM,
  QUEUE_JOB_FAULT,
  ...CLOCK_FAULTS,
  ...SHUTDOWN_FAULTS,
  ...MISSED_FAULTS,
];
