import { SNOOZE_REASONS, type SnoozeReason } from './call.snooze.js';

/**
 * Setbacks in a row after which a batch is paused until a person resumes it. Null: never, as a provider that is full is
 * there. What passes by itself has some 90 s for it (held for 1, 2, 4, 8, 16, 30, 30 s); what somebody has to mend is
 * told after 7 s, when it was not a passing answer.
 */
const PAUSES_AFTER = {
  provider_busy: null,
  provider_unreachable: 8,
  provider_failing: 8,
  dialer_misconfigured: 4,
  account_suspended: 4,
  insufficient_balance: 4,
} as const satisfies Record<SnoozeReason, number | null>;

export interface SetbackPolicy {
  /** Null: never. */
  readonly pausesAfter: number | null;
  /** Setbacks for these are in a row with one another; any other ends the row. */
  readonly inARowWith: readonly SnoozeReason[];
}

export const setbackPolicyOf = (reason: SnoozeReason): SetbackPolicy => ({
  pausesAfter: PAUSES_AFTER[reason],
  inARowWith: SNOOZE_REASONS.filter((other) => PAUSES_AFTER[other] === PAUSES_AFTER[reason]),
});
