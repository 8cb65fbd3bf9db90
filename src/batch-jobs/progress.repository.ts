import { Injectable } from '@nestjs/common';
import { Batched } from '../shared/batched.js';
import { Database } from '../shared/database.js';
import type { BatchJobId } from './batch-job.entity.js';
import {
  LIST_ENDED,
  READ_PROGRESS,
  type CallPosition,
  type EndedCall,
  type Progress,
  type ProgressRow,
} from './progress.statements.js';

// Calls of one batch end one after the other, as each locks its row until it is committed, however long that takes: what
// is not seen yet ended after what is. Two may do so within the same millisecond, in any order of their ids.
const SETTLING_MS = 100;

// A small part of the time that a statement may take.
const MOST_AT_ONCE = 100;

/** Reads how far jobs are. Whether somebody may know is asked before. */
@Injectable()
export class ProgressRepository {
  private readonly reading = new Batched((ids: readonly BatchJobId[]) => this.readAll(ids), {
    keyOf: (id) => id,
    most: MOST_AT_ONCE,
  });

  constructor(private readonly database: Database) {}

  /**
   * Those that are asked for at the same time are read together: the load does not grow with every job that is watched.
   *
   * @returns null when there is no such job
   */
  read(batchJobId: BatchJobId): Promise<Progress | null> {
    return this.reading.do(batchJobId);
  }

  /** Calls that ended after a position and before an instant, in the order of their end. */
  listEnded(batchJobId: BatchJobId, after: CallPosition, before: Date, limit: number): Promise<EndedCall[]> {
    const { endedAt, callId } = after;
    const listed = { batchJobId, afterEndedAt: endedAt, afterCallId: callId, before, limit };
    return this.database.run(LIST_ENDED, listed);
  }

  private async readAll(ids: readonly BatchJobId[]): Promise<(Progress | null)[]> {
    const rows = await this.database.run(READ_PROGRESS, { batchJobIds: ids, settlingMs: SETTLING_MS });
    const byId = new Map(rows.map((row) => [row.id, toProgress(row)]));
    return ids.map((id) => byId.get(id) ?? null);
  }
}

const toProgress = ({ id: _, latestEndedAt, latestCallId, ...progress }: ProgressRow): Progress => ({
  ...progress,
  latestEnded: { endedAt: latestEndedAt, callId: latestCallId },
});
