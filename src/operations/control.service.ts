import { Injectable } from '@nestjs/common';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import type { ChangeTerms } from '../batch-jobs/change-terms.js';
import { ControlRepository, type SettingsChange } from '../batch-jobs/control.repository.js';
import { NotChangeableError, NotPausableError, NotResumableError } from '../batch-jobs/errors.js';
import { Dispatcher } from '../calling/dispatcher.js';
import type { Caller } from '../shared/caller.js';
import { ChangeRunner, toChangedJob, type ChangedJob } from './change.js';

/** Holds jobs, lets them go on, and changes how they are called. Takes effect on the next call of a running job. */
@Injectable()
export class ControlService {
  constructor(
    private readonly changes: ChangeRunner,
    private readonly control: ControlRepository,
    private readonly dispatcher: Dispatcher,
  ) {}

  /**
   * Places no further calls of a running job; calls in progress end normally.
   *
   * @throws job_not_found     no such job in this organization
   * @throws invalid_status    it does not run
   * @throws version_mismatch  it is not one of those that the terms ask for
   */
  pause(caller: Caller, id: BatchJobId, terms?: ChangeTerms): Promise<ChangedJob> {
    return this.changes.run(caller, id, terms, {
      told: 'batch paused',
      make: (order) => this.control.pause(order),
      refusals: { status: (status) => new NotPausableError(status) },
      answer: toChangedJob(id),
    });
  }

  /**
   * Goes on with a paused job.
   *
   * @throws job_not_found     no such job in this organization
   * @throws invalid_status    it is not paused
   * @throws version_mismatch  it is not one of those that the terms ask for
   */
  resume(caller: Caller, id: BatchJobId, terms?: ChangeTerms): Promise<ChangedJob> {
    return this.changes.run(caller, id, terms, {
      told: 'batch resumed',
      make: (order) => this.control.resume(order),
      refusals: { status: (status) => new NotResumableError(status) },
      answer: toChangedJob(id),
      after: this.dispatchFor(caller),
    });
  }

  /**
   * Changes name and description of any job, limits of one that has not ended. Calls in progress go on when fewer are
   * allowed; contacts that have had as many calls as are allowed now end as their last call ended.
   *
   * @throws job_not_found     no such job in this organization
   * @throws invalid_status    it has ended, and a limit is to be changed
   * @throws version_mismatch  it is not one of those that the terms ask for
   */
  change(caller: Caller, id: BatchJobId, settings: SettingsChange, terms?: ChangeTerms): Promise<ChangedJob> {
    return this.changes.run(caller, id, terms, {
      told: 'batch changed',
      make: (order) => this.control.change(order, settings),
      refusals: { status: (status) => new NotChangeableError(status) },
      answer: toChangedJob(id),
      after: this.dispatchFor(caller),
    });
  }

  /** More may be called now, or nobody is left. */
  private dispatchFor({ organizationId }: Caller): () => void {
    return () => this.dispatcher.request(organizationId);
  }
}
