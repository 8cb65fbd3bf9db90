import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../shared/database.js';
import { run } from '../shared/statement.js';
import {
  ALLOW_PRUNING,
  PRUNE_CALLS,
  PRUNE_HISTORY,
  TAKE_PRUNING_TURN,
  type PrunedCalls,
  type PrunedRows,
} from './retention.statements.js';

/** Deletes what is older than it is to be kept, a piece at a time, each a short transaction. */
@Injectable()
export class RetentionRepository {
  constructor(private readonly database: Database) {}

  /** @returns null while another process does it */
  pruneHistory(keptDays: number, limit: number): Promise<PrunedRows | null> {
    return this.inTurn(async (manager) => {
      await run(manager, ALLOW_PRUNING, {});
      const [pruned] = await run(manager, PRUNE_HISTORY, { keptDays, limit });
      return pruned;
    });
  }

  /** @param afterId only later calls; empty: from the first @returns null while another process does it */
  pruneCalls(keptDays: number, afterId: string, limit: number): Promise<PrunedCalls | null> {
    return this.inTurn(async (manager) => {
      const [pruned] = await run(manager, PRUNE_CALLS, { keptDays, afterId, limit });
      return pruned;
    });
  }

  private inTurn<T>(work: (manager: EntityManager) => Promise<T>): Promise<T | null> {
    return this.database.transaction(async (manager) => {
      const [{ isOurs }] = await run(manager, TAKE_PRUNING_TURN, {});
      return isOurs ? work(manager) : null;
    });
  }
}
