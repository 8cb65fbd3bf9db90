import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Recurring } from '../shared/recurring.js';
import { CountRepository } from './count.repository.js';

// A list reads what is not added up yet: a thousand starts a second are then 2,000 short rows, which take 1 ms.
const INTERVAL_MS = 1_000;

const AT_ONCE = 10_000;

/** Adds up how many batches there are, in every worker and without a leader. */
@Injectable()
export class CountUpkeep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CountUpkeep.name);
  readonly folding = new Recurring('count_upkeep', (signal) => this.foldOrReport(signal), INTERVAL_MS);

  constructor(private readonly counts: CountRepository) {}

  onApplicationBootstrap(): void {
    this.folding.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.folding.stop();
  }

  private async foldOrReport(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted && (await this.counts.fold(AT_ONCE)) === AT_ONCE);
    } catch (error) {
      this.logger.warn('counts not added up', { reason: (error as Error).name });
    }
  }
}
