import { describe, expect, it } from '@jest/globals';
import {
  ALLOWED as VERBS,
  BATCH_JOB_STATUSES,
  isTerminal,
  canMove,
  NOT_STARTED,
  type BatchJobStatus,
} from './batch-job.status.js';

/** Written out by hand, from the contract: every move that is allowed. */
const ALLOWED = new Set([
  'pending scheduled',
  'pending running',
  'pending cancelled',
  'scheduled scheduled',
  'scheduled running',
  'scheduled cancelled',
  'scheduled failed',
  'running paused',
  'running completed',
  'running failed',
  'running cancelled',
  'paused running',
  'paused cancelled',
]);

const PAIRS = BATCH_JOB_STATUSES.flatMap((from) =>
  BATCH_JOB_STATUSES.map((to): [BatchJobStatus, BatchJobStatus] => [from, to]),
);

describe('the status table', () => {
  it.each(PAIRS)('answers whether %s may become %s', (from, to) => {
    expect(canMove(from, to)).toBe(ALLOWED.has(`${from} ${to}`));
  });

  it('lets nothing leave a terminal status', () => {
    expect(BATCH_JOB_STATUSES.filter(isTerminal)).toEqual(['completed', 'failed', 'cancelled']);
    expect(BATCH_JOB_STATUSES.filter((from) => !BATCH_JOB_STATUSES.some((to) => canMove(from, to)))).toEqual(
      BATCH_JOB_STATUSES.filter(isTerminal),
    );
  });

  it('takes a first or another start only before the job has begun', () => {
    expect(NOT_STARTED).toEqual(['pending', 'scheduled']);
  });

  it('names who may be cancelled', () => {
    expect(VERBS.cancel).toEqual(['pending', 'scheduled', 'running', 'paused']);
  });

  it.each([
    ['reschedule', 'scheduled'],
    ['start', 'running'],
    ['pause', 'paused'],
    ['resume', 'running'],
    ['cancel', 'cancelled'],
  ] as const)('lets %s be asked for only where the job may become %s', (verb, to) => {
    expect(VERBS[verb].filter((from) => !canMove(from, to))).toEqual([]);
  });
});
