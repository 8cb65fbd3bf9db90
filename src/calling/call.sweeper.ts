import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CallsRepository } from '../batch-jobs/calls.repository.js';
import { CallsGateway } from '../queue/calls.gateway.js';
import { Recurring } from '../shared/recurring.js';
import { CallLanes } from './call.lanes.js';
import { CallLookUps } from './call.look-ups.js';
import { Dispatcher } from './dispatcher.js';

// Bounds how long a lost request, a due retry or an ended lease goes unnoticed.
const CALL_SWEEP_INTERVAL_MS = 2_000;

// Leaves the queue its chance: a call that a worker is about to take is not worth a second look.
const UNPLACED_MS = 5_000;

// Redis has it, they say, and nobody came for it.
const ABANDONED_MS = 15_000;

// Keeps one round short; what is left over is found by the next round or by another worker.
const SWEEP_LIMIT = 100;

/**
 * Finds what Redis, a dead worker or a silent provider has lost: the reason why no contact stays `dialing`. A round
 * waits for PostgreSQL and Redis only, never for a provider.
 */
@Injectable()
export class CallSweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CallSweeper.name);
  /** Where the last round stopped: everybody gets a turn, however many there are. */
  private lastReady = '';
  readonly sweeping = new Recurring('call_sweep', (signal) => this.sweepOrReport(signal), CALL_SWEEP_INTERVAL_MS);

  constructor(
    private readonly calls: CallsRepository,
    private readonly lanes: CallLanes,
    private readonly lookUps: CallLookUps,
    private readonly dispatcher: Dispatcher,
    private readonly gateway: CallsGateway,
  ) {}

  onApplicationBootstrap(): void {
    this.sweeping.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.sweeping.stop();
  }

  /** One round, whoever else does the same. */
  async sweep(signal: AbortSignal): Promise<void> {
    const ready = await this.calls.listReady(this.lastReady, SWEEP_LIMIT);
    this.lastReady = ready.length < SWEEP_LIMIT ? '' : (ready.at(-1) ?? '');
    for (const organizationId of ready) this.dispatcher.request(organizationId);
    await this.placeUnplaced();
    if (!signal.aborted) this.lookUps.replace(await this.calls.listOverdue(SWEEP_LIMIT, this.lookUps.inHand));
  }

  /** Asks the workers again. What is not known to be in Redis, or is there in vain, this one places itself. */
  private async placeUnplaced(): Promise<void> {
    const unplaced = await this.calls.listUnplaced(UNPLACED_MS, SWEEP_LIMIT, this.lanes.callIds);
    if (unplaced.length === 0) return;
    const isAskedFor = await this.gateway.placeAgain(unplaced);
    for (const call of unplaced) if (!isAskedFor || call.claimedForMs > ABANDONED_MS) this.lanes.place(call);
  }

  private sweepOrReport(signal: AbortSignal): Promise<void> {
    return this.sweep(signal).catch((error: Error) => this.logger.warn('call sweep failed', { reason: error.name }));
  }
}
