import { Injectable, Logger } from '@nestjs/common';
import type { CallSnooze, SnoozeReason } from '../batch-jobs/call.snooze.js';
import type { EndedRow } from '../batch-jobs/call-ends.statements.js';
import { SetbacksRepository, type CountedSetback, type Setback } from '../batch-jobs/setbacks.repository.js';
import { CallsGateway } from '../queue/calls.gateway.js';
import { Metrics } from '../shared/metrics.js';
import { Dispatcher } from './dispatcher.js';

// Who asks for more is asked again all the same: what a provider says is not to stop a batch for a day.
const LONGEST_HOLD_MS = 60 * 60_000;

const fitHold = (ms: number | null): number | null =>
  ms !== null && ms > 0 ? Math.min(Math.ceil(ms), LONGEST_HOLD_MS) : null;

/** Takes back calls that were not placed, and slows down, or pauses, the batches that they are of. */
@Injectable()
export class CallSetbacks {
  private readonly logger = new Logger(CallSetbacks.name);

  constructor(
    private readonly setbacks: SetbacksRepository,
    private readonly dispatcher: Dispatcher,
    private readonly gateway: CallsGateway,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Gives back a call that nobody is at fault for. It is no attempt; its batch is held for a while, and paused after
   * several setbacks in a row (`setbacks.ts`). A call that has ended stays as it is.
   *
   * @param organizationId only a call of this one; null: of any
   * @returns null when there is no such call, as when it was given back before
   * @throws unavailable  PostgreSQL cannot be reached
   */
  async snooze(callId: string, snooze: CallSnooze, organizationId: string | null): Promise<EndedRow | null> {
    const { reason, errorCode } = snooze;
    const fit = { ...snooze, retryAfterMs: fitHold(snooze.retryAfterMs) };
    const snoozed = await this.setbacks.snooze(callId, fit, organizationId);
    if (!snoozed?.call.isNew) return snoozed?.call ?? null;
    const { call, setback } = snoozed;
    const { batchJobId, contactStatus } = call;
    this.logger.log('call snoozed', { callId, batchJobId, reason, errorCode, contactStatus });
    this.metrics.countSnooze(reason);
    if (setback) this.report(setback, fit);
    this.dispatcher.request(call.organizationId);
    return call;
  }

  /**
   * Slows down the batch of a call of which nobody knows what became: as many more would be lost in an outage that
   * shows itself like that. The call stays as it is.
   *
   * @param errorCode what is known of the failure, a short code. Null: nothing
   * @param begunMsAgo when that was tried which failed. Null: when the call was placed
   * @throws unavailable  PostgreSQL cannot be reached
   */
  async note(
    callId: string,
    reason: SnoozeReason,
    errorCode: string | null,
    begunMsAgo: number | null = null,
  ): Promise<void> {
    const setback: Setback = { reason, errorCode, retryAfterMs: null };
    const counted = await this.setbacks.note(callId, setback, begunMsAgo);
    if (counted) this.report(counted, setback);
  }

  /** Gives back a call that was not to be placed after all. @throws unavailable  PostgreSQL cannot be reached */
  async giveBack(callId: string): Promise<void> {
    const call = await this.setbacks.giveBack(callId);
    if (!call?.isNew) return;
    const { batchJobId, contactStatus } = call;
    this.logger.log('call withdrawn', { callId, batchJobId, contactStatus });
    this.dispatcher.request(call.organizationId);
  }

  private report(counted: CountedSetback, { reason, errorCode }: Setback): void {
    const { batchJobId, organizationId, setbacks, heldUntil, isPaused } = counted;
    if (isPaused) {
      this.logger.error('batch paused', { batchJobId, reason, errorCode, setbacks });
      this.metrics.countSystemPause(reason);
      return;
    }
    this.logger.warn('batch held', { batchJobId, reason, errorCode, setbacks, heldUntil });
    void this.gateway.requestDispatchAt(organizationId, heldUntil);
  }
}
