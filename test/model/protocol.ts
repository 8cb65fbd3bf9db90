/** Which parts of the start protocol are there, and what may go wrong. The product is `PRODUCT` under `EVERY_FAULT`. */
export interface Protocol {
  /** The claim's `starts_at <= clock_timestamp()`. */
  readonly checksDueTime: boolean;
  /** The claim's `schedule_revision = $2`. */
  readonly checksRevision: boolean;
  /** The claim is one conditional statement; else a worker reads the row, judges it, and then writes it. */
  readonly claimsAtOnce: boolean;
  /** The row is changed before Redis is told; else Redis is told first, as the vendor does. */
  readonly isDatabaseFirst: boolean;
  /** A cancel is answered after its commit; else before. */
  readonly answersAfterCommit: boolean;
  /** Each revision's wake-up has an id of its own; else one id serves them all, and Bull ignores its second `add`. */
  readonly hasIdPerRevision: boolean;
  readonly sweeps: boolean;
  readonly reconciles: boolean;
  /** How often a client may move the batch. */
  readonly reschedules: 1 | 2;
  /** A client may start it now. */
  readonly startsNow: boolean;
}

export interface Faults {
  /** A process dies between any two steps: what a worker held is held no more, what an API was about to say is unsaid. */
  readonly crashes: boolean;
  /** Redis loses everything, or comes back with what it held before. */
  readonly losesRedis: boolean;
  /** A command to Redis is lost, or takes effect at any later time. */
  readonly delaysCommands: boolean;
  /** A wake-up is delivered before its time: Redis, or who set it, has another clock. */
  readonly deliversEarly: boolean;
  /** A wake-up is delivered to a second worker while the first one still has it. */
  readonly deliversTwice: boolean;
}

export const PRODUCT: Protocol = {
  checksDueTime: true,
  checksRevision: true,
  claimsAtOnce: true,
  isDatabaseFirst: true,
  answersAfterCommit: true,
  hasIdPerRevision: true,
  sweeps: true,
  reconciles: true,
  reschedules: 2,
  startsNow: true,
};

export const EVERY_FAULT: Faults = {
  crashes: true,
  losesRedis: true,
  delaysCommands: true,
  deliversEarly: true,
  deliversTwice: true,
};

export const NO_FAULT: Faults = {
  crashes: false,
  losesRedis: false,
  delaysCommands: false,
  deliversEarly: false,
  deliversTwice: false,
};
