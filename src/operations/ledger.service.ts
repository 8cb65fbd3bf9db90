import { Injectable } from '@nestjs/common';
import type { BatchJobHistory } from '../batch-jobs/batch-job-history.entity.js';
import type { BatchJobStart } from '../batch-jobs/batch-job-start.entity.js';
import type { BatchJob, BatchJobId } from '../batch-jobs/batch-job.entity.js';
import { BatchJobsRepository } from '../batch-jobs/batch-jobs.repository.js';
import { StartReceiptNotFoundError } from '../batch-jobs/errors.js';
import { LedgerRepository, type HistoryPosition } from '../batch-jobs/ledger.repository.js';
import type { Caller } from '../shared/caller.js';
import { toUtcOrNull } from '../shared/utc.js';

/** What is known of the one start of a batch job. */
export interface StartReceipt {
  readonly start: BatchJobStart;
  /** Wake-ups that came for a schedule no longer in force, or once more: each was refused. */
  readonly staleWakeUps: number;
}

export interface HistoryPage {
  /** Null: from the newest. */
  readonly before: HistoryPosition | null;
  readonly limit: number;
}

/** Tells what happened to a batch job: its start, and every change. */
@Injectable()
export class LedgerService {
  constructor(
    private readonly batchJobs: BatchJobsRepository,
    private readonly ledger: LedgerRepository,
  ) {}

  /**
   * @throws job_not_found            no such job in this organization
   * @throws start_receipt_not_found  it has not started, and perhaps never will
   */
  async getStartReceipt(caller: Caller, id: BatchJobId): Promise<StartReceipt> {
    const job = await this.batchJobs.get(caller.organizationId, id);
    const [start, staleWakeUps] = await Promise.all([this.ledger.findStart(id), this.ledger.countStaleWakeUps(id)]);
    if (!start) throw notStarted(job);
    return { start, staleWakeUps };
  }

  /**
   * A page of changes, the newest first.
   * @throws job_not_found  no such job in this organization
   */
  async listHistory(caller: Caller, id: BatchJobId, { before, limit }: HistoryPage): Promise<BatchJobHistory[]> {
    await this.batchJobs.get(caller.organizationId, id);
    return this.ledger.listHistory(id, before, limit);
  }
}

const notStarted = ({ status, startsAt, failureReason }: BatchJob): StartReceiptNotFoundError =>
  new StartReceiptNotFoundError(status, {
    scheduledStartTime: toUtcOrNull(startsAt),
    ...(failureReason !== null && { failureReason }),
  });
