/**
 * Why a call that nobody is at fault for was not placed: the state of whoever places calls, or of our account with it.
 *
 * `provider_busy`: it takes no more calls at the moment. `provider_unreachable`: no connection. `provider_failing`: it
 * answers what tells nothing, or not in time. `dialer_misconfigured`: it does not accept our credentials, or there is
 * nobody at the address. `account_suspended`, `insufficient_balance`: what it says of our account.
 */
export const SNOOZE_REASONS = [
  'provider_busy',
  'provider_unreachable',
  'provider_failing',
  'dialer_misconfigured',
  'account_suspended',
  'insufficient_balance',
] as const;

export type SnoozeReason = (typeof SNOOZE_REASONS)[number];

/**
 * A call that was certainly not placed, through no fault of its own: it is no attempt, its contact waits as before, and
 * its batch slows down.
 */
export interface CallSnooze {
  readonly outcome: 'snoozed';
  readonly reason: SnoozeReason;
  /** What the provider said, in its own code: `'http_429'`, `'ECONNREFUSED'`, `'20429'`. Null when it said nothing. */
  readonly errorCode: string | null;
  /** How long no call of the batch is to be placed, as the provider asks. Null when it does not say. */
  readonly retryAfterMs: number | null;
}

/** A snooze of which nothing but the reason and what is given is known. */
export const callSnooze = (
  reason: SnoozeReason,
  known: Partial<Pick<CallSnooze, 'errorCode' | 'retryAfterMs'>> = {},
): CallSnooze => ({ outcome: 'snoozed', reason, errorCode: null, retryAfterMs: null, ...known });
