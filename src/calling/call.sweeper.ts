import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { callEnd, UNKNOWN_OUTCOME } from '../batch-jobs/call.outcome.js';
import { CallsRepository, type OverdueCall } from '../batch-jobs/calls.repository.js';
import { CallsGateway } from '../scheduling/calls.gateway.js';
import { Recurring } from '../shared/recurring.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { within } from '../shared/within.js';
import { CallOutcomes } from './call-outcomes.js';
import { CallRunner, LEASE_GRACE_MS, LOOK_UP_INTERVAL_MS } from './call.runner.js';
import { Dialer, type CallLookUp } from './dialer.js';
import { Dispatcher } from './dispatcher.js';

// Bounds how long a lost request, a due retry or an ended lease goes unnoticed.
const SWEEP_INTERVAL_MS = 2_000;

// Leaves the queue its chance: a call that a worker is about to take is not worth a second look.
const UNPLACED_MS = 5_000;

// Without Redis: in flight at one time in a round, each as long as the dialer takes.
const MOST_DIRECTLY = 20;

// For a provider's answer to a call that is being placed, as in the consumer.
const DRAIN_MS = 6_000;

// A provider that is away for a moment is no reason to free slots while phones may ring.
const ASK_AGAIN_MS = 60_000;
// Beyond the longest call. Whoever is silent for that long will not tell.
const MAX_SILENCE_MS = 10 * 60_000;

// Keeps one round short; what is left over is found by the next round or by another worker.
const SWEEP_LIMIT = 100;

/** Finds what Redis, a dead worker or a silent provider has lost: the reason why no contact stays `dialing`. */
@Injectable()
export class CallSweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CallSweeper.name);
  private readonly giveUp = new AbortController();
  /** Where the last round stopped: everybody gets a turn, however many there are. */
  private lastReady = '';
  readonly sweeping = new Recurring('call_sweep', (signal) => this.sweepOrReport(signal), SWEEP_INTERVAL_MS);

  constructor(
    private readonly calls: CallsRepository,
    private readonly runner: CallRunner,
    private readonly outcomes: CallOutcomes,
    private readonly dispatcher: Dispatcher,
    private readonly gateway: CallsGateway,
    private readonly dialer: Dialer,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    this.sweeping.start();
  }

  /** Takes no more calls, and lets what is being placed end, within a deadline. */
  async beforeApplicationShutdown(): Promise<void> {
    const stopped = this.sweeping.stop();
    await within(DRAIN_MS, stopped);
    this.giveUp.abort();
    await stopped;
  }

  /** One round, whoever else does the same. What waits for nobody comes first. */
  async sweep(signal: AbortSignal): Promise<void> {
    const ready = await this.calls.listReady(this.lastReady, SWEEP_LIMIT);
    this.lastReady = ready.length < SWEEP_LIMIT ? '' : (ready.at(-1) ?? '');
    for (const organizationId of ready) this.dispatcher.request(organizationId);
    await this.placeUnplaced(signal);
    const overdue = await this.calls.listOverdue(SWEEP_LIMIT);
    await Promise.all(overdue.map((call) => this.orReport(call.callId, this.settle(call, signal))));
  }

  /** Asks the workers again, or without Redis places some itself. */
  private async placeUnplaced(signal: AbortSignal): Promise<void> {
    const unplaced = await this.calls.listUnplaced(UNPLACED_MS, SWEEP_LIMIT);
    if (unplaced.length === 0 || (await this.gateway.placeAgain(unplaced))) return;
    const place = async (callId: string): Promise<void> => {
      if (!signal.aborted) await this.runner.place(callId, this.giveUp.signal);
    };
    await Promise.all(unplaced.slice(0, MOST_DIRECTLY).map((callId) => this.orReport(callId, place(callId))));
  }

  /**
   * Ends a call whose outcome did not arrive: as the provider says, else as unknown. One that it took is waited for as
   * long as a call may be; one that it says goes on, or of which it says nothing, a while longer.
   */
  private async settle(call: OverdueCall, signal: AbortSignal): Promise<void> {
    const { callId, isAccepted, placedForMs } = call;
    const longestMs = this.settings.maxCallMinutes * 60_000 + LEASE_GRACE_MS;
    const leftMs = longestMs - placedForMs;
    const found = await this.lookUp(call, signal);
    if (signal.aborted) return;
    if (found === 'in_progress' && leftMs + MAX_SILENCE_MS > 0) {
      return this.calls.extendLease(callId, LOOK_UP_INTERVAL_MS);
    }
    if (found === 'no answer' && leftMs + MAX_SILENCE_MS > 0) return this.calls.extendLease(callId, ASK_AGAIN_MS);
    if (found === null && isAccepted && leftMs > 0) {
      return this.calls.extendLease(callId, Math.min(LOOK_UP_INTERVAL_MS, leftMs));
    }
    const isKnown = found !== null && found !== 'no answer' && found !== 'in_progress';
    await this.outcomes.record(callId, isKnown ? found : callEnd('timeout', { reason: UNKNOWN_OUTCOME }));
  }

  private lookUp(call: OverdueCall, signal: AbortSignal): Promise<CallLookUp | 'no answer'> {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(this.settings.dialTimeoutSeconds * 1_000)]);
    return this.dialer.lookUp(call, patience).catch((error: Error) => {
      this.logger.warn('call could not be looked up', { callId: call.callId, reason: error.name });
      return 'no answer' as const;
    });
  }

  private orReport(callId: string, work: Promise<void>): Promise<void> {
    return work.catch((error: Error) => this.logger.warn('call not swept', { callId, reason: error.name }));
  }

  private sweepOrReport(signal: AbortSignal): Promise<void> {
    return this.sweep(signal).catch((error: Error) => this.logger.warn('call sweep failed', { reason: error.name }));
  }
}
