import { Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import { Database } from '../shared/database.js';
import { BatchJobHistory } from './batch-job-history.entity.js';
import { BatchJobStart } from './batch-job-start.entity.js';
import type { BatchJobId } from './batch-job.entity.js';
import { StaleWakeUps } from './stale-wake-ups.entity.js';

/** Place of an entry among all entries, as PostgreSQL numbers them: digits. Later ones are larger. */
export type HistoryPosition = string;

/** Reads what happened. The ledgers are written by the statements of the changes themselves. */
@Injectable()
export class LedgerRepository {
  constructor(private readonly database: Database) {}

  /** Entries of a job, the newest first. @param before only older ones; null: from the newest */
  listHistory(batchJobId: BatchJobId, before: HistoryPosition | null, limit: number): Promise<BatchJobHistory[]> {
    return this.database.read((manager) =>
      manager.find(BatchJobHistory, {
        where: { batchJobId, ...(before !== null && { id: LessThan(before) }) },
        order: { id: 'DESC' },
        take: limit,
      }),
    );
  }

  /** Null until the job has started. */
  findStart(batchJobId: BatchJobId): Promise<BatchJobStart | null> {
    return this.database.read((manager) => manager.findOneBy(BatchJobStart, { batchJobId }));
  }

  async countStaleWakeUps(batchJobId: BatchJobId): Promise<number> {
    const counted = await this.database.read((manager) => manager.findOneBy(StaleWakeUps, { batchJobId }));
    return counted?.refused ?? 0;
  }
}
