import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { CallsRepository } from '../batch-jobs/calls.repository.js';
import { CallsGateway } from '../queue/calls.gateway.js';
import { requestContext } from '../shared/request-context.js';

// Keeps one claim short; what is free beyond it is claimed by the next one, at once.
const MOST_AT_ONCE = 100;

/** A round in progress, and whether something was freed since it began. */
interface Dispatching {
  isStale: boolean;
}

/**
 * Gives free slots to contacts. Every process may: the limits are counted in PostgreSQL under one lock for each
 * organization.
 */
@Injectable()
export class Dispatcher implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Dispatcher.name);
  private readonly rounds = new Map<string, Dispatching>();
  private readonly running = new Set<Promise<void>>();
  private isStopping = false;

  constructor(
    private readonly calls: CallsRepository,
    private readonly gateway: CallsGateway,
  ) {}

  /** Claims soon, without being waited for. Requests that come while one is carried out are answered by one more round. */
  request(organizationId: string): void {
    if (this.isStopping) return;
    const round = this.rounds.get(organizationId);
    if (round) {
      round.isStale = true;
      return;
    }
    // On nobody's behalf: a round may go on long after the request that asked for it.
    const running = requestContext
      .exit(() => this.dispatchAndReport(organizationId))
      .finally(() => this.running.delete(running));
    this.running.add(running);
  }

  /** Claims and completes until nothing is left to do. @throws unavailable  the sweep will do it */
  async dispatch(organizationId: string): Promise<void> {
    const round: Dispatching = { isStale: false };
    this.rounds.set(organizationId, round);
    try {
      do {
        round.isStale = false;
        await this.claim(organizationId);
        await this.complete(organizationId);
      } while (round.isStale && !this.isStopping);
    } finally {
      this.rounds.delete(organizationId);
    }
  }

  /** Ends after the rounds in progress: they are few statements each. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.running);
  }

  private async claim(organizationId: string): Promise<void> {
    for (;;) {
      const claimed = await this.calls.claim(organizationId, MOST_AT_ONCE);
      if (claimed.length > 0) await this.gateway.place(claimed);
      if (claimed.length < MOST_AT_ONCE) return;
    }
  }

  private async complete(organizationId: string): Promise<void> {
    for (const batchJobId of await this.calls.complete(organizationId)) {
      this.logger.log('batch completed', { batchJobId });
    }
  }

  private dispatchAndReport(organizationId: string): Promise<void> {
    return this.dispatch(organizationId).catch((error: Error) =>
      this.logger.warn('dispatch failed', { organizationId, reason: error.name }),
    );
  }
}
