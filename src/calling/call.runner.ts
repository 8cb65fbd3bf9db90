import { Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { callEnd } from '../batch-jobs/call.outcome.js';
import { CallsRepository } from '../batch-jobs/calls.repository.js';
import { withDeadline } from '../shared/deadline.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { UnavailableError } from '../shared/unavailable.error.js';
import { CallOutcomes } from './call-outcomes.js';
import { Dialer, DialerRefusal, type OutboundCall } from './dialer.js';
import { Dispatcher } from './dispatcher.js';

/** How often a call that was accepted is looked up, as its report may be lost: a slot is not to be held for an hour by one. */
export const LOOK_UP_INTERVAL_MS = 5 * 60_000;

/** Beyond the time for placing, and beyond the longest call: for the answer to arrive and be written. */
export const LEASE_GRACE_MS = 30_000;

const WRITE_AGAIN_MS = 1_000;

/** Places calls. Any number of runners may be asked to place the same one: one of them does. */
@Injectable()
export class CallRunner {
  private readonly logger = new Logger(CallRunner.name);

  constructor(
    private readonly calls: CallsRepository,
    private readonly outcomes: CallOutcomes,
    private readonly dispatcher: Dispatcher,
    private readonly dialer: Dialer,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * Places a claimed call, or takes the claim back when its batch does not run any more.
   *
   * @param signal gives up what is in progress
   * @throws unavailable  PostgreSQL cannot be reached; the sweep will find the call
   */
  async place(callId: string, signal: AbortSignal): Promise<void> {
    const { dialTimeoutSeconds, maxCallMinutes } = this.settings;
    const dialTimeoutMs = dialTimeoutSeconds * 1_000;
    const longestMs = maxCallMinutes * 60_000 + LEASE_GRACE_MS;
    const taken = await this.calls.take(callId, dialTimeoutMs + LEASE_GRACE_MS);
    if (!taken) return this.withdraw(callId);

    const call: OutboundCall = { ...taken, maxCallSeconds: maxCallMinutes * 60 };
    const facts = { callId, batchJobId: call.batchJobId, attempt: call.attempt, dialer: this.dialer.name };
    this.logger.log('call placed', facts);
    try {
      const placed = await withDeadline(dialTimeoutMs, signal, (deadline) =>
        this.dialer.place(call, deadline, async () => true),
      );
      if (placed.outcome === 'snoozed' || placed.outcome === 'withdrawn') throw new Error(placed.outcome);
      await this.persist(signal, () =>
        placed.outcome === null
          ? this.calls.accept(callId, Math.min(LOOK_UP_INTERVAL_MS, longestMs), placed)
          : this.outcomes.record(callId, placed),
      );
    } catch (error) {
      if (error instanceof DialerRefusal) return this.fail(call, error, signal);
      // Its message is somebody else's, and may hold a number.
      this.logger.warn('call has an unknown outcome', { ...facts, reason: (error as Error).name });
    }
  }

  private async withdraw(callId: string): Promise<void> {
    const organizationId = await this.calls.withdraw(callId);
    if (organizationId === null) return;
    this.logger.log('claim withdrawn', { callId });
    this.dispatcher.request(organizationId);
  }

  /** What the provider has told is worth waiting for PostgreSQL: without it the call would count as unknown. */
  private async persist(signal: AbortSignal, write: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (!(error instanceof UnavailableError) || signal.aborted) throw error;
        await sleep(WRITE_AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** The call has ended, whether or not its batch can be failed at the moment: the next call will try again. */
  private async fail(
    { callId, batchJobId }: OutboundCall,
    { reason, message }: DialerRefusal,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const hasFailed = await this.calls.fail(batchJobId, reason);
      if (hasFailed) this.logger.error('batch failed', { batchJobId, reason, detail: message });
    } finally {
      await this.persist(signal, () => this.outcomes.record(callId, callEnd('failed', { reason })));
    }
  }
}
