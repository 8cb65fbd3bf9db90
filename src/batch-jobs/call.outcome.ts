import type { ContactStatus } from './contact.status.js';

/** How one call ended. */
export const CALL_OUTCOMES = [
  'answered',
  'no_answer',
  'busy',
  'timeout',
  'invalid_number',
  'blocked',
  'carrier_error',
  'failed',
  'cancelled',
] as const;

export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** What a contact is when its last call ended so: the published contract has one word more for an answered one. */
export const contactStatusOf = (outcome: CallOutcome): ContactStatus =>
  outcome === 'answered' ? 'completed' : outcome;

/** What an ended call is known by. Everything but the outcome may be unknown, and is null then. */
export interface CallEnd {
  readonly outcome: CallOutcome;
  /** Length of the conversation in whole seconds. */
  readonly durationSeconds: number | null;
  /** The provider's own code of a failure: `'486'`, `'http_500'`. */
  readonly errorCode: string | null;
  /** Why it failed, a stable word where it is ours: `'unknown_outcome'`. */
  readonly reason: string | null;
  /** Where it took place, in the provider's words. */
  readonly roomName: string | null;
  /** The provider's id of the call. */
  readonly providerCallId: string | null;
}

/** An end of which nothing but the outcome and what is given is known. */
export const callEnd = (outcome: CallOutcome, known: Partial<Omit<CallEnd, 'outcome'>> = {}): CallEnd => ({
  outcome,
  durationSeconds: null,
  errorCode: null,
  reason: null,
  roomName: null,
  providerCallId: null,
  ...known,
});

/** Nobody can say what became of the call: its worker died, or its callback was lost. */
export const UNKNOWN_OUTCOME = 'unknown_outcome';
