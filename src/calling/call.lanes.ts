import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { ClaimedCall } from '../batch-jobs/calls.statements.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { within } from '../shared/within.js';
import { CallRunner } from './call.runner.js';
import { Lanes } from './lanes.js';

// For a provider's answer to a call that is being placed. One that does not end by then is given up, and its outcome
// counts as unknown when its lease ends.
const DRAIN_MS = 6_000;

// For what was given up to be written.
const FAREWELL_MS = 1_000;

/**
 * Places the calls that this worker was handed, with turns between organizations: a slow provider of one is not felt by
 * another. What waits here is known to nobody else, and what is lost with the process is found by the sweep.
 */
@Injectable()
export class CallLanes implements BeforeApplicationShutdown {
  private readonly logger = new Logger(CallLanes.name);
  private readonly giveUp = new AbortController();
  private readonly lanes: Lanes<ClaimedCall>;

  constructor(
    private readonly runner: CallRunner,
    @Inject(SETTINGS) { callConcurrency }: Settings,
  ) {
    this.lanes = new Lanes((call) => this.placeOrReport(call), {
      places: callConcurrency,
      keyOf: ({ callId }) => callId,
      laneOf: ({ organizationId }) => organizationId,
    });
  }

  /** Calls that wait here, or are being placed. */
  get callIds(): string[] {
    return this.lanes.keys;
  }

  /** Places the call when it is its turn. One that is here already is not placed twice. */
  place(call: ClaimedCall): void {
    this.lanes.add(call);
  }

  /** Takes no more calls, and lets what is being placed end, within a deadline. */
  async beforeApplicationShutdown(): Promise<void> {
    const idle = this.lanes.stop();
    await within(DRAIN_MS, idle);
    this.giveUp.abort();
    await within(FAREWELL_MS, idle);
  }

  private placeOrReport(call: ClaimedCall): Promise<void> {
    return this.runner
      .place(call, this.giveUp.signal)
      .catch((error: Error) => this.logger.warn('call not placed', { callId: call.callId, reason: error.name }));
  }
}
