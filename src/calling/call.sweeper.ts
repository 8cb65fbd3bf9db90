import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { callEnd, UNKNOWN_OUTCOME } from '../batch-jobs/call.outcome.js';
import { CallsRepository, type OverdueCall } from '../batch-jobs/calls.repository.js';
import { Recurring } from '../shared/recurring.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { CallOutcomes } from './call-outcomes.js';
import { CallRunner, LEASE_GRACE_MS, LOOK_UP_INTERVAL_MS } from './call.runner.js';
import { Dialer, type CallLookUp } from './dialer.js';
import { Dispatcher } from './dispatcher.js';

// Bounds how long a lost request, a due retry or an ended lease goes unnoticed.
const SWEEP_INTERVAL_MS = 2_000;

// Leaves the queue its chance: a call that a worker is about to take is not worth a second look.
const UNPLACED_MS = 5_000;

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
  private readonly sweeping = new Recurring((signal) => this.sweepOrReport(signal), SWEEP_INTERVAL_MS);

  constructor(
    private readonly calls: CallsRepository,
    private readonly runner: CallRunner,
    private readonly outcomes: CallOutcomes,
    private readonly dispatcher: Dispatcher,
    private readonly dialer: Dialer,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    this.sweeping.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.sweeping.stop();
  }

  /** One round, whoever else does the same. */
  async sweep(signal: AbortSignal): Promise<void> {
    const overdue = await this.calls.listOverdue(SWEEP_LIMIT);
    await Promise.all(overdue.map((call) => this.orReport(call.callId, this.settle(call, signal))));
    for (const organizationId of await this.calls.listReady(SWEEP_LIMIT)) this.dispatcher.request(organizationId);
    const unplaced = await this.calls.listUnplaced(UNPLACED_MS, SWEEP_LIMIT);
    await Promise.all(unplaced.map((callId) => this.orReport(callId, this.runner.place(callId, signal))));
  }

  /**
   * Ends a call whose outcome did not arrive: as the provider says, else as unknown. One that it took is waited for as
   * long as a call may be; and a provider that does not answer is asked again, for a while.
   */
  private async settle(call: OverdueCall, signal: AbortSignal): Promise<void> {
    const { callId, isAccepted, placedForMs } = call;
    const longestMs = this.settings.maxCallMinutes * 60_000 + LEASE_GRACE_MS;
    const leftMs = longestMs - placedForMs;
    const found = await this.lookUp(call, signal);
    if (signal.aborted) return;
    if (found === 'in_progress') return this.calls.extendLease(callId, LOOK_UP_INTERVAL_MS);
    if (found === 'no answer' && leftMs + MAX_SILENCE_MS > 0) return this.calls.extendLease(callId, ASK_AGAIN_MS);
    if (found === null && isAccepted && leftMs > 0) {
      return this.calls.extendLease(callId, Math.min(LOOK_UP_INTERVAL_MS, leftMs));
    }
    const end = found === null || found === 'no answer' ? callEnd('timeout', { reason: UNKNOWN_OUTCOME }) : found;
    await this.outcomes.record(callId, end);
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
