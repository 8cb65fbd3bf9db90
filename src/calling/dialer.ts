import type { CallEnd } from '../batch-jobs/call.outcome.js';
import type { CallSnooze } from '../batch-jobs/call.snooze.js';
import type { TakenCall } from '../batch-jobs/calls.statements.js';

/** One call to be placed: everything a dialer needs, and nothing it would have to look up. */
export interface OutboundCall extends TakenCall {
  /** The provider is to end it by then, at the latest: after that it counts as ended. */
  readonly maxCallSeconds: number;
}

/** The provider has taken the call; its outcome is reported later (`CallOutcomes.record`). */
export interface AcceptedCall {
  readonly outcome: null;
  readonly providerCallId: string | null;
  readonly roomName: string | null;
}

/**
 * Nothing was sent, and nobody is at fault: the batch does not run any more (see `Permission`), or the process ends.
 */
export const WITHDRAWN = { outcome: 'withdrawn' } as const;
export type WithdrawnCall = typeof WITHDRAWN;

export type PlacedCall = AcceptedCall | CallEnd | CallSnooze | WithdrawnCall;

/**
 * Whether the call may still be placed. For a dialer that has to wait before it can send anything, for a connection
 * say: it asks when it is ready, and sends at once or returns `WITHDRAWN`. Costs nothing right after the call was
 * handed out. Never throws: while PostgreSQL cannot be asked the answer is no.
 */
export type Permission = () => Promise<boolean>;

/** What can be asked of a call whose outcome did not arrive. */
export interface UnsettledCall {
  readonly callId: string;
  readonly organizationId: string;
  /** Null when the provider's answer to the call itself did not arrive. */
  readonly providerCallId: string | null;
}

/** What a provider says of a call: it still goes on, its end, that it was never placed, or nothing it could tell. */
export type CallLookUp = 'in_progress' | CallEnd | CallSnooze | null;

/**
 * Places calls. The one port to the telephone.
 *
 * A dialer tells every end that it knows of, and that of calls that certainly never began, as a `CallEnd`. A call that
 * certainly never began through no fault of its own (the provider is full or away, the account is suspended) is a
 * `CallSnooze`: waiting for better times is the batch's business, never the dialer's. It throws `DialerRefusal` when no
 * call of the batch can ever succeed. Whatever else it throws means that nobody knows whether the phone rings: such a
 * call keeps its slot until its lease ends, and is not repeated at once.
 */
export abstract class Dialer {
  /** Shown in log lines and `GET /health`: `'http'`. */
  abstract readonly name: string;

  /**
   * Places one call. Resolves when the provider has accepted it (outcome follows) or at once with its outcome.
   *
   * @param signal rises when the time for placing is over, and when the process ends: nothing may be sent after it
   * @param isPermitted to be asked before sending, by a dialer that had to wait for something first
   * @throws DialerRefusal  the batch cannot be called at all
   */
  abstract place(call: OutboundCall, signal: AbortSignal, isPermitted: Permission): Promise<PlacedCall>;

  /** What became of a call. The default cannot tell. */
  async lookUp(_call: UnsettledCall, _signal: AbortSignal): Promise<CallLookUp> {
    return null;
  }
}

/** Why a batch cannot be called. What can be mended while it waits is none: see `SnoozeReason`. */
export type RefusalReason = 'agent_not_found';

/** Not this call: no call of this batch can succeed. The batch fails with the reason, and its waiting contacts are cancelled. */
export class DialerRefusal extends Error {
  constructor(
    readonly reason: RefusalReason,
    detail: string,
  ) {
    super(detail);
  }

  override get name(): string {
    return DialerRefusal.name;
  }
}
