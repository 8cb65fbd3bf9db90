import { Injectable } from '@nestjs/common';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import type { ChangeTerms } from '../batch-jobs/change-terms.js';
import { DeletionRepository } from '../batch-jobs/deletion.repository.js';
import { NotDeletableError } from '../batch-jobs/errors.js';
import type { Caller } from '../shared/caller.js';
import { ChangeRunner, toChangedJob, type ChangedJob } from './change.js';

/** Deletes batch jobs with their contacts. */
@Injectable()
export class DeletionService {
  constructor(
    private readonly changes: ChangeRunner,
    private readonly deletions: DeletionRepository,
  ) {}

  /**
   * Deletes a job that does not run, and its contacts. From then on it is an unknown one; its start and its history stay
   * in the ledgers. Calls in progress end normally, and their outcomes change nothing.
   *
   * @throws job_not_found     no such job in this organization
   * @throws invalid_status    it runs
   * @throws version_mismatch  it is not one of those that the terms ask for
   */
  delete(caller: Caller, id: BatchJobId, terms?: ChangeTerms): Promise<ChangedJob> {
    return this.changes.run(caller, id, terms, {
      told: 'batch deleted',
      make: (order) => this.deletions.delete(order),
      refusals: { status: (status) => new NotDeletableError(status) },
      answer: toChangedJob(id),
    });
  }
}
