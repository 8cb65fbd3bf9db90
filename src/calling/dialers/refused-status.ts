import type { SnoozeReason } from '../../batch-jobs/call.snooze.js';

// By their definition they speak of the address, of who asks, or of the form of the request, all of which every call of
// a batch has in common (RFC 9110, sections 15.4 and 15.5; 428 and 431: RFC 6585). 403 may have another reason: a call
// service that means the one call says so in its body.
const OF_EVERY_CALL: readonly number[] = [401, 403, 404, 405, 406, 407, 410, 411, 414, 415, 417, 421, 426, 428, 431];

const REASONS: Readonly<Record<number, SnoozeReason>> = {
  402: 'insufficient_balance',
  408: 'provider_failing', // it has waited for the request, and not received it
  425: 'provider_failing', // it will not begin yet (RFC 8470)
  429: 'provider_busy',
};

/**
 * What a bare status says of a request that was certainly not taken, when it is not about the one call.
 *
 * @returns null when it may be about the call, 400 or 422, or when it does not say that nothing was taken
 */
export const reasonOfStatus = (status: number): SnoozeReason | null => {
  const isElsewhere = status >= 300 && status < 400;
  return isElsewhere || OF_EVERY_CALL.includes(status) ? 'dialer_misconfigured' : (REASONS[status] ?? null);
};
