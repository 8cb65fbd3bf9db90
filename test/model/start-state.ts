/**
 * The state of one batch, its row, its queue jobs and two workers, small enough to enumerate.
 *
 * Sets of revisions (`queue`, `adds`, `removes`) are bit masks: revision 1 is bit 0.
 */
export interface StartState {
  /** Ticks of PostgreSQL's clock, which stands still at the last one. */
  readonly now: number;
  readonly status: Status;
  readonly revision: number;
  /** Start of the second and the third revision; 0 as long as there is none. That of the first is `FIRST_START`. */
  readonly secondStart: number;
  readonly thirdStart: number;
  /** Times the batch was started; what must never be 2. Counts no further. */
  readonly starts: number;
  /** Revision for which the latest start was made; 0 when none was. */
  readonly startedBy: number;
  /** Somebody was told that it is cancelled. */
  readonly isCancelAnswered: number;
  /** Wake-ups in Redis. */
  readonly queue: number;
  /** Commands to Redis, sent or about to be sent, that have neither taken effect nor been lost. */
  readonly adds: number;
  readonly removes: number;
  /** What the workers are doing, sorted: they are alike, so which is which does not matter. */
  readonly worker: number;
  readonly otherWorker: number;
  /** Redis-first only: the time to which a request is moving the batch, its row not changed yet; else 0. */
  readonly moving: number;
}

export const SCHEDULED = 0;
export const RUNNING = 1;
export const CANCELLED = 2;
export const MISSED = 3;
export type Status = typeof SCHEDULED | typeof RUNNING | typeof CANCELLED | typeof MISSED;

const FIRST_START = 2;
/** To which a batch may be moved: earlier and later than the first start. */
export const MOVES = [1, 3] as const;
/** Later than this many ticks is too late to start. */
export const LATE_LIMIT = 1;
/** One tick past the late limit of the last possible start. */
export const LAST_TICK = 5;
export const REVISIONS = [1, 2, 3] as const;

/** What a worker does: nothing, or one of three things for one revision. */
export const IDLE = 0;
export const woken = (revision: number): number => revision;
/** Read-then-write only: it has read a row that may start, and not written yet. */
export const hasRead = (revision: number): number => 3 + revision;
/** It has claimed, with or without success, and not acknowledged the wake-up yet. */
export const isDone = (revision: number): number => 6 + revision;

export const INITIAL: StartState = {
  now: 0,
  status: SCHEDULED,
  revision: 1,
  secondStart: 0,
  thirdStart: 0,
  starts: 0,
  startedBy: 0,
  isCancelAnswered: 0,
  queue: 0,
  // Created, its first wake-up under way.
  adds: 1,
  removes: 0,
  worker: IDLE,
  otherWorker: IDLE,
  moving: 0,
};

export const bit = (revision: number): number => 1 << (revision - 1);

/** Start of a revision that exists. */
export const startOf = (state: StartState, revision: number): number =>
  revision === 1 ? FIRST_START : revision === 2 ? state.secondStart : state.thirdStart;

/** Packs a state as the digits of one number, each to a base of its own; the bases are in `unpack`. */
export function pack(state: StartState): number {
  let packed: number = state.now;
  packed = packed * 4 + state.status;
  packed = packed * 4 + state.revision;
  packed = packed * 4 + state.secondStart;
  packed = packed * 4 + state.thirdStart;
  packed = packed * 4 + state.starts;
  packed = packed * 4 + state.startedBy;
  packed = packed * 2 + state.isCancelAnswered;
  packed = packed * 8 + state.queue;
  packed = packed * 8 + state.adds;
  packed = packed * 8 + state.removes;
  packed = packed * 10 + state.worker;
  packed = packed * 10 + state.otherWorker;
  return packed * 4 + state.moving;
}

export function unpack(packed: number): StartState {
  let rest = packed;
  const digit = (base: number): number => {
    const value = rest % base;
    rest = (rest - value) / base;
    return value;
  };
  const moving = digit(4);
  const otherWorker = digit(10);
  const worker = digit(10);
  const removes = digit(8);
  const adds = digit(8);
  const queue = digit(8);
  const isCancelAnswered = digit(2);
  const startedBy = digit(4);
  const starts = digit(4);
  const thirdStart = digit(4);
  const secondStart = digit(4);
  const revision = digit(4);
  const status = digit(4) as Status;
  const now = rest;
  return {
    now,
    status,
    revision,
    secondStart,
    thirdStart,
    starts,
    startedBy,
    isCancelAnswered,
    queue,
    adds,
    removes,
    worker,
    otherWorker,
    moving,
  };
}
