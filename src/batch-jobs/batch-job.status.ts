export const BATCH_JOB_STATUSES = [
  'pending',
  'scheduled',
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
] as const;

export type BatchJobStatus = (typeof BATCH_JOB_STATUSES)[number];

/** Where a batch job may go from each status. A move absent here is refused by every verb, whoever asks. */
const NEXT = {
  pending: ['scheduled', 'running', 'cancelled'],
  scheduled: ['scheduled', 'running', 'cancelled', 'failed'], // failed: its start was missed
  running: ['paused', 'completed', 'failed', 'cancelled'],
  paused: ['running', 'cancelled'],
  completed: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<BatchJobStatus, readonly BatchJobStatus[]>;

export const canMove = (from: BatchJobStatus, to: BatchJobStatus): boolean =>
  (NEXT[from] as readonly BatchJobStatus[]).includes(to);

/** True for a status that nothing leaves. */
export const isTerminal = (status: BatchJobStatus): boolean => NEXT[status].length === 0;

/** The statuses from which a verb that ends in `to` may be asked for by a person. */
export const statusesThatMayBecome = (to: BatchJobStatus): readonly BatchJobStatus[] =>
  BATCH_JOB_STATUSES.filter((from) => canMove(from, to));

/** Statuses of a job that has not begun: the only ones a start, a move to another time or a first schedule accepts. */
export const NOT_STARTED = BATCH_JOB_STATUSES.filter((status) => canMove(status, 'scheduled'));

/** Statuses that nothing leaves: the calls are over, but for those still in progress when a job was cancelled. */
export const TERMINAL = BATCH_JOB_STATUSES.filter(isTerminal);

/** Statuses in which it still means something how many calls are placed. */
export const NOT_ENDED = BATCH_JOB_STATUSES.filter((status) => !isTerminal(status));

/** Statuses of a job that may be deleted: while it runs, its contacts are being called. */
export const DELETABLE: readonly BatchJobStatus[] = BATCH_JOB_STATUSES.filter((status) => status !== 'running');
