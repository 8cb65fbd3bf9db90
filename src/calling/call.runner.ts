import { Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallsRepository } from '../batch-jobs/calls.repository.js';
import type { ClaimedCall } from '../batch-jobs/calls.statements.js';
import { withDeadline } from '../shared/deadline.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { UnavailableError } from '../shared/unavailable.error.js';
import { within } from '../shared/within.js';
import { CallOutcomes } from './call-outcomes.js';
import { CallSetbacks } from './call-setbacks.js';
import { Dialer, DialerRefusal, type OutboundCall, type Permission, type PlacedCall } from './dialer.js';
import { Dispatcher } from './dispatcher.js';

/** How often a call that was accepted is looked up, as its report may be lost: a slot is not to be held for an hour by one. */
export const LOOK_UP_INTERVAL_MS = 5 * 60_000;

/** Beyond the time for placing, and beyond the longest call: for the answer to arrive and be written. */
export const LEASE_GRACE_MS = 30_000;

/** For a dialer to heed its signal. One that does not keeps nobody else waiting. */
export const SIGNAL_GRACE_MS = 5_000;

// A pause or cancel that was answered is heeded by whatever is sent later than this after it: about one round trip, on
// a network between continents, as beyond it the batch is looked at again before anything is sent.
const FRESH_MS = 250;

const WRITE_AGAIN_MS = 1_000;

/** What a dialer gave back, or threw. */
type Answer = { readonly placed: PlacedCall } | { readonly error: unknown };

/** Places calls. Any number of runners may be asked to place the same one: one of them does. */
@Injectable()
export class CallRunner {
  private readonly logger = new Logger(CallRunner.name);

  constructor(
    private readonly calls: CallsRepository,
    private readonly outcomes: CallOutcomes,
    private readonly setbacks: CallSetbacks,
    private readonly dispatcher: Dispatcher,
    private readonly dialer: Dialer,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * Places a claimed call, or takes the claim back when its batch does not run any more, or is held. Ends a few seconds
   * after the time for placing at the latest; what the dialer says later still counts.
   *
   * @param signal gives up what is in progress
   * @throws unavailable  PostgreSQL cannot be reached; the sweep will find the call
   */
  async place(claimed: ClaimedCall, signal: AbortSignal): Promise<void> {
    const { dialTimeoutSeconds, maxCallMinutes } = this.settings;
    const limitMs = dialTimeoutSeconds * 1_000;
    const isPermitted = this.permissionFrom(performance.now(), claimed.callId);
    const taken = await this.calls.take(claimed, limitMs + LEASE_GRACE_MS);
    if (!taken) return this.withdraw(claimed.callId);

    const call: OutboundCall = { ...taken, maxCallSeconds: maxCallMinutes * 60 };
    // Of a process that stood still after the take, say.
    if (!(await isPermitted())) return this.giveBack(call, signal);
    this.logger.log('call placed', this.factsOf(call));
    const answered = withDeadline(limitMs, signal, (deadline) => this.dialer.place(call, deadline, isPermitted)).then(
      (placed): Answer => ({ placed }),
      (error: unknown): Answer => ({ error }),
    );
    const answer = await within(limitMs + SIGNAL_GRACE_MS, answered);
    if (answer) return this.keepOrReport(call, answer, signal);
    void answered.then((late) => this.keepOrReport(call, late, signal));
    return this.keepOrReport(call, { error: new DOMException('The dialer does not answer', 'TimeoutError') }, signal);
  }

  /** Measured from before the take: the batch was looked at after that. */
  private permissionFrom(sinceMs: number, callId: string): Permission {
    return async () => {
      if (performance.now() - sinceMs <= FRESH_MS) return true;
      return this.calls.isPermitted(callId).catch((error: Error) => {
        this.logger.warn('call not permitted', { callId, reason: error.name });
        return false;
      });
    };
  }

  private async withdraw(callId: string): Promise<void> {
    const organizationId = await this.calls.withdraw(callId);
    if (organizationId === null) return;
    this.logger.log('claim withdrawn', { callId });
    this.dispatcher.request(organizationId);
  }

  private giveBack({ callId }: OutboundCall, signal: AbortSignal): Promise<void> {
    return this.persist(signal, () => this.setbacks.giveBack(callId));
  }

  private keepOrReport(call: OutboundCall, answer: Answer, signal: AbortSignal): Promise<void> {
    return this.keep(call, answer, signal).catch((error: Error) =>
      this.logger.warn('answer not written', { ...this.factsOf(call), reason: error.name }),
    );
  }

  private keep(call: OutboundCall, answer: Answer, signal: AbortSignal): Promise<void> {
    const { callId, organizationId, batchJobId } = call;
    if ('error' in answer) {
      const { error } = answer;
      return error instanceof DialerRefusal ? this.fail(call, error, signal) : this.leave(call, error, signal);
    }
    const { placed } = answer;
    if (placed.outcome === 'withdrawn') return this.giveBack(call, signal);
    if (placed.outcome !== null) {
      return this.persist(signal, () => this.outcomes.record(callId, placed, organizationId, batchJobId));
    }
    const longestMs = this.settings.maxCallMinutes * 60_000 + LEASE_GRACE_MS;
    return this.persist(signal, () => this.calls.accept(callId, Math.min(LOOK_UP_INTERVAL_MS, longestMs), placed));
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

  /** Nobody knows whether the phone rings: the call keeps its slot until its lease ends. */
  private async leave(call: OutboundCall, error: unknown, signal: AbortSignal): Promise<void> {
    // Its message is somebody else's, and may hold a number.
    this.logger.warn('call has an unknown outcome', { ...this.factsOf(call), reason: (error as Error).name });
    // That this process ends is nobody's setback.
    if (!signal.aborted) await this.setbacks.note(call.callId, 'provider_failing', errorCodeOf(error));
  }

  /** No call of the batch can succeed. This one is cancelled with those that wait, as it was not placed either. */
  private async fail(call: OutboundCall, { reason, message }: DialerRefusal, signal: AbortSignal): Promise<void> {
    const { batchJobId } = call;
    await this.persist(signal, async () => {
      const hasFailed = await this.calls.fail(call, reason);
      if (hasFailed) this.logger.error('batch failed', { batchJobId, reason, detail: message });
    });
    await this.giveBack(call, signal);
  }

  private factsOf({ callId, batchJobId, attempt }: OutboundCall): object {
    return { callId, batchJobId, attempt, dialer: this.dialer.name };
  }
}

const ERROR_CODE = /^[\w.-]{1,50}$/;

/** As Node.js has them: `'ECONNRESET'`. */
function errorCodeOf(error: unknown): string | null {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && ERROR_CODE.test(code) ? code : null;
}
