import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { BacklogRepository } from '../batch-jobs/backlog.repository.js';
import type { CallDemand } from '../batch-jobs/backlog.statements.js';
import { Metrics } from '../shared/metrics.js';
import { SharedAnswer } from '../shared/shared-answer.js';
import { within } from '../shared/within.js';

// A sweep hands out slots every 2 s, and whoever scales looks every 15 s or less often. Longer than a statement may take
// in all, so that however often somebody scrapes, two sessions at most wait for a PostgreSQL that does not answer.
const SHARED_MS = 5_000;

// A scrape has 10 s (Prometheus' default), and all its other figures are at hand.
const PATIENCE_MS = 2_000;

/** Tells how many workers are wanted, to whoever scrapes and to nobody otherwise. */
@Injectable()
export class DemandGauges implements OnApplicationBootstrap {
  private readonly logger = new Logger(DemandGauges.name);
  private readonly measured = new SharedAnswer(() => this.measureOrReport(), SHARED_MS);

  constructor(
    private readonly backlog: BacklogRepository,
    private readonly metrics: Metrics,
  ) {}

  onApplicationBootstrap(): void {
    this.metrics.watchCallDemand(() => within(PATIENCE_MS, this.measured.get()));
  }

  /** @returns null when it is not known */
  private measureOrReport(): Promise<CallDemand | null> {
    return this.backlog.measureCallDemand().catch((error: Error) => {
      this.logger.warn('call demand not measured', { reason: error.name });
      return null;
    });
  }
}
