import { describe, expect, it } from '@jest/globals';
import {
  BATCH_JOB_STATUSES,
  canMove,
  NOT_STARTED,
  statusesThatMayBecome,
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
    const terminal = BATCH_JOB_STATUSES.filter((from) => !BATCH_JOB_STATUSES.some((to) => canMove(from, to)));
    expect(terminal).toEqual(['completed', 'failed', 'cancelled']);
  });

  it('takes a first or another start only before the job has begun', () => {
    expect(NOT_STARTED).toEqual(['pending', 'scheduled']);
  });

  it('names who may be cancelled', () => {
    expect(statusesThatMayBecome('cancelled')).toEqual(['pending', 'scheduled', 'running', 'paused']);
  });
});
