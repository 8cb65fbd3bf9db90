import { Injectable, Logger } from '@nestjs/common';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import type { ChangeTerms } from '../batch-jobs/change-terms.js';
import { DeletionRepository } from '../batch-jobs/deletion.repository.js';
import { NotDeletableError } from '../batch-jobs/errors.js';
import type { Changed } from '../batch-jobs/batch-job.changes.js';
import type { Caller } from '../shared/caller.js';
import type { ChangedJob } from './batch-jobs.service.js';
import { carryOut } from './carry-out.js';
import { SchedulerGateway } from '../queue/scheduler.gateway.js';

/** Deletes batch jobs with their contacts. */
@Injectable()
export class DeletionService {
  private readonly logger = new Logger(DeletionService.name);

  constructor(
    private readonly deletions: DeletionRepository,
    private readonly scheduler: SchedulerGateway,
  ) {}

  /**
   * Deletes a job that does not run, and its contacts. From then on it is an unknown one; its start and its history stay
   * in the ledgers. Calls in progress end normally, and their outcomes change nothing.
   *
   * @throws job_not_found     no such job in this organization
   * @throws invalid_status    it runs
   * @throws version_mismatch  it is not one of those that the terms ask for
   */
  async delete(caller: Caller, batchJobId: BatchJobId, terms?: ChangeTerms): Promise<ChangedJob> {
    const deleted = (change: Changed, redisJobCancelled: boolean): ChangedJob => ({
      batchJobId,
      change,
      redisJobCancelled,
    });
    const change = await carryOut(
      { caller, batchJobId, terms, answerOf: (made) => deleted(made, false) },
      (order) => this.deletions.delete(order),
      (status) => new NotDeletableError(status),
    );

    const { oldJobCancelled } = await this.scheduler.rearm(change.ended, null);
    const { statusBefore, contacts } = change;
    this.logger.log('batch deleted', { batchJobId, statusBefore, contacts, actor: caller.actor });
    return deleted(change, oldJobCancelled);
  }
}
