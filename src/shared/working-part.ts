/**
 * A part of a worker that goes on until it is told to stop: a consumer of a queue, or a loop. Whether it does can be
 * seen.
 */
export interface WorkingPart {
  readonly kind: 'consumer' | 'loop';
  /** Of a consumer that of its queue; in snake case that of a loop. Unlike any other in a worker. */
  readonly name: string;
  /** It should do its work and does not. */
  readonly isStopped: boolean;
  /** Milliseconds since it last did something: came back from a look into the queue, completed a round. */
  readonly silentForMs: number;
}

/** Injection token of a worker's `WorkingPart`s. */
export const WORKING_PARTS = Symbol('batch-jobs working parts');
