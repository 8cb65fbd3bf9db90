/** Before its start, between start and end, or after its end: what a status means, whatever may follow it. */
type Stage = 'not_started' | 'begun' | 'ended';

/** Where a batch job is in its life, and where it may go from there. A move absent here is refused by every verb. */
const TABLE = {
  pending: { stage: 'not_started', next: ['scheduled', 'running', 'cancelled'] },
  // failed: its start was missed
  scheduled: { stage: 'not_started', next: ['scheduled', 'running', 'cancelled', 'failed'] },
  running: { stage: 'begun', next: ['paused', 'completed', 'failed', 'cancelled'] },
  paused: { stage: 'begun', next: ['running', 'cancelled'] },
  completed: { stage: 'ended', next: [] },
  failed: { stage: 'ended', next: [] },
  cancelled: { stage: 'ended', next: [] },
} as const satisfies Record<string, { readonly stage: Stage; readonly next: readonly string[] }>;

export type BatchJobStatus = keyof typeof TABLE;

export const BATCH_JOB_STATUSES = Object.keys(TABLE) as readonly BatchJobStatus[];

export const canMove = (from: BatchJobStatus, to: BatchJobStatus): boolean =>
  (TABLE[from].next as readonly BatchJobStatus[]).includes(to);

const inStage = (...stages: readonly Stage[]): readonly BatchJobStatus[] =>
  BATCH_JOB_STATUSES.filter((status) => stages.includes(TABLE[status].stage));

/** True once it has ended: the calls are over, but for those still in progress when a job was cancelled. */
export const isTerminal = (status: BatchJobStatus): boolean => TABLE[status].stage === 'ended';

/** Statuses of a job that has not begun. */
export const NOT_STARTED = inStage('not_started');

const NOT_ENDED = inStage('not_started', 'begun');

/** In which statuses people may ask for what. */
export const ALLOWED = {
  reschedule: NOT_STARTED,
  start: NOT_STARTED,
  pause: ['running'],
  resume: ['paused'],
  cancel: NOT_ENDED,
  /** Of name and description. */
  change: BATCH_JOB_STATUSES,
  /** Of how calls are placed. */
  changeLimits: NOT_ENDED,
  /** While it runs, its contacts are being called. */
  delete: BATCH_JOB_STATUSES.filter((status) => status !== 'running'),
  /** Before, its results are not final. */
  export: inStage('ended'),
} as const satisfies Record<string, readonly BatchJobStatus[]>;
