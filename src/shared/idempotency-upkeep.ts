import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Idempotency } from './idempotency.js';
import { Recurring } from './recurring.js';

// A key that lies around for some minutes more than its 24 hours is not found any more, and costs a row.
const INTERVAL_MS = 10 * 60_000;

// Short statements: nothing waits for the locks of one.
const AT_ONCE = 1_000;

/** Deletes idempotency keys that have had their time, in every worker and without a leader. */
@Injectable()
export class IdempotencyUpkeep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(IdempotencyUpkeep.name);
  readonly forgetting = new Recurring('idempotency_upkeep', (signal) => this.forgetOrReport(signal), INTERVAL_MS);

  constructor(private readonly idempotency: Idempotency) {}

  onApplicationBootstrap(): void {
    this.forgetting.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.forgetting.stop();
  }

  private async forgetOrReport(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted && (await this.idempotency.forgetOld(AT_ONCE)) === AT_ONCE);
    } catch (error) {
      this.logger.warn('old idempotency keys not deleted', { reason: (error as Error).name });
    }
  }
}
