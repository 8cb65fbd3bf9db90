import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { callEnd, UNKNOWN_OUTCOME } from '../batch-jobs/call.outcome.js';
import { CallsRepository } from '../batch-jobs/calls.repository.js';
import type { OverdueCall } from '../batch-jobs/sweep.statements.js';
import { withDeadline } from '../shared/deadline.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { within } from '../shared/within.js';
import { CallOutcomes } from './call-outcomes.js';
import { LEASE_GRACE_MS, LOOK_UP_INTERVAL_MS, SIGNAL_GRACE_MS } from './call.runner.js';
import { CallSetbacks } from './call-setbacks.js';
import { Dialer, type CallLookUp } from './dialer.js';
import { Lanes } from './lanes.js';

// Each is a short question to a provider, beside the calls that are being placed.
const MOST_AT_ONCE = 20;

// A provider that is away for a moment is no reason to free slots while phones may ring.
const ASK_AGAIN_MS = 60_000;
// Beyond the longest call. Whoever is silent for that long will not tell.
const MAX_SILENCE_MS = 10 * 60_000;

// For what was given up to be written.
const FAREWELL_MS = 1_000;

/** Asks what became of calls whose outcome did not arrive, with turns between organizations. */
@Injectable()
export class CallLookUps implements BeforeApplicationShutdown {
  private readonly logger = new Logger(CallLookUps.name);
  private readonly stopping = new AbortController();
  private readonly lanes = new Lanes<OverdueCall>((call) => this.settleOrReport(call), {
    places: MOST_AT_ONCE,
    keyOf: ({ callId }) => callId,
    laneOf: ({ organizationId }) => organizationId,
  });

  constructor(
    private readonly calls: CallsRepository,
    private readonly outcomes: CallOutcomes,
    private readonly setbacks: CallSetbacks,
    private readonly dialer: Dialer,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Calls that are being looked up. */
  get inHand(): string[] {
    return this.lanes.keysInHand;
  }

  /**
   * Looks these up, each when it is its turn, in place of those that still wait: what is known of them has grown old.
   */
  replace(overdue: readonly OverdueCall[]): void {
    this.lanes.clear();
    for (const call of overdue) this.lanes.add(call);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await within(FAREWELL_MS, this.lanes.stop());
  }

  /**
   * Ends a call whose outcome did not arrive: as the provider says, else as unknown. One that it took is waited for as
   * long as a call may be; one that it says goes on, or of which it says nothing, a while longer.
   */
  private async settle(call: OverdueCall): Promise<void> {
    const { callId, organizationId, batchJobId, isAccepted, placedForMs } = call;
    const longestMs = this.settings.maxCallMinutes * 60_000 + LEASE_GRACE_MS;
    const leftMs = longestMs - placedForMs;
    const begunMs = performance.now();
    const found = await this.lookUp(call);
    if (this.stopping.signal.aborted) return;
    // Nor did it answer when the call was placed: an outage, of which every further call is to be kept out.
    if (found === 'no answer' && !isAccepted) {
      await this.setbacks.note(callId, 'provider_failing', null, performance.now() - begunMs);
    }
    if (found === 'in_progress' && leftMs + MAX_SILENCE_MS > 0) {
      return this.calls.extendLease(callId, LOOK_UP_INTERVAL_MS);
    }
    if (found === 'no answer' && leftMs + MAX_SILENCE_MS > 0) return this.calls.extendLease(callId, ASK_AGAIN_MS);
    if (found === null && isAccepted && leftMs > 0) {
      return this.calls.extendLease(callId, Math.min(LOOK_UP_INTERVAL_MS, leftMs));
    }
    const isKnown = found !== null && found !== 'no answer' && found !== 'in_progress';
    const end = isKnown ? found : callEnd('timeout', { reason: UNKNOWN_OUTCOME });
    await this.outcomes.record(callId, end, organizationId, batchJobId);
  }

  /** A dialer that does not heed its signal does not keep the place. */
  private async lookUp(call: OverdueCall): Promise<CallLookUp | 'no answer'> {
    const limitMs = this.settings.dialTimeoutSeconds * 1_000;
    const asked = withDeadline(limitMs, this.stopping.signal, (deadline) => this.dialer.lookUp(call, deadline)).then(
      (found) => ({ found, reason: null }),
      (error: Error) => ({ found: null, reason: error.name }),
    );
    const { found, reason } = (await within(limitMs + SIGNAL_GRACE_MS, asked)) ?? NO_ANSWER;
    if (reason === null) return found;
    this.logger.warn('call could not be looked up', { callId: call.callId, reason });
    return 'no answer';
  }

  private settleOrReport(call: OverdueCall): Promise<void> {
    return this.settle(call).catch((error: Error) =>
      this.logger.warn('call not swept', { callId: call.callId, reason: error.name }),
    );
  }
}

const NO_ANSWER = { found: null, reason: 'TimeoutError' } as const;
