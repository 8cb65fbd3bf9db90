import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Recurring } from '../shared/recurring.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { RetentionRepository } from './retention.repository.js';
import type { PrunedRows } from './retention.statements.js';

const INTERVAL_MS = 10 * 60_000;

// Short statements: 1,000 rows take some 20 ms.
const AT_ONCE = 1_000;

// Of each kind: a round ends long before it would be taken for one that hangs, and a year is caught up within hours.
const PIECES_IN_A_ROUND = 200;

/** Deletes history and calls that are older than `historyKeptDays` and `callsKeptDays`; nothing where those are null. */
@Injectable()
export class RetentionUpkeep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(RetentionUpkeep.name);
  readonly pruning = new Recurring('retention', (signal) => this.pruneOrReport(signal), INTERVAL_MS);
  /** Up to where calls were looked at; the next round begins anew when the end was reached. */
  private afterId = '';

  constructor(
    private readonly retention: RetentionRepository,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    this.pruning.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.pruning.stop();
  }

  private async pruneOrReport(signal: AbortSignal): Promise<void> {
    try {
      const changes = await this.pruneHistory(signal);
      const calls = await this.pruneCalls(signal);
      if (changes + calls > 0) this.logger.log('old rows deleted', { changes, calls });
    } catch (error) {
      this.logger.warn('old rows not deleted', { reason: (error as Error).name });
    }
  }

  private async pruneHistory(signal: AbortSignal): Promise<number> {
    const { historyKeptDays } = this.settings;
    if (historyKeptDays === null) return 0;
    return deletedBy(signal, () => this.retention.pruneHistory(historyKeptDays, AT_ONCE));
  }

  private async pruneCalls(signal: AbortSignal): Promise<number> {
    const { callsKeptDays } = this.settings;
    if (callsKeptDays === null) return 0;
    return deletedBy(signal, async () => {
      const pruned = await this.retention.pruneCalls(callsKeptDays, this.afterId, AT_ONCE);
      if (pruned) this.afterId = (pruned.mayBeMore && pruned.lastId) || '';
      return pruned;
    });
  }
}

/** Deletes piece by piece, until nothing is old or another process is at it. @returns how many rows */
async function deletedBy(signal: AbortSignal, prune: () => Promise<PrunedRows | null>): Promise<number> {
  let deleted = 0;
  for (let pieces = 0; pieces < PIECES_IN_A_ROUND && !signal.aborted; pieces += 1) {
    const pruned = await prune();
    deleted += pruned?.deleted ?? 0;
    if (!pruned?.mayBeMore) break;
  }
  return deleted;
}
