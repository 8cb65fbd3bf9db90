import { Injectable, Logger } from '@nestjs/common';
import type { Changed, ChangeOrder, ChangeResult } from '../batch-jobs/batch-job.changes.js';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import type { BatchJobStatus } from '../batch-jobs/batch-job.status.js';
import type { ChangeTerms } from '../batch-jobs/change-terms.js';
import { ControlRepository, type SettingsChange } from '../batch-jobs/control.repository.js';
import { NotChangeableError, NotPausableError, NotResumableError } from '../batch-jobs/errors.js';
import { carryOut } from './carry-out.js';
import type { Caller } from '../shared/caller.js';
import { Dispatcher } from '../calling/dispatcher.js';

/** A change that was committed. */
export interface ControlledJob {
  readonly batchJobId: BatchJobId;
  readonly change: Changed;
}

/** Holds jobs, lets them go on, and changes how they are called. Takes effect on the next call of a running job. */
@Injectable()
export class ControlService {
  private readonly logger = new Logger(ControlService.name);

  constructor(
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
  pause(caller: Caller, id: BatchJobId, terms?: ChangeTerms): Promise<ControlledJob> {
    return this.carryOut(
      { caller, batchJobId: id, terms },
      'batch paused',
      (status) => new NotPausableError(status),
      (order) => this.control.pause(order),
    );
  }

  /**
   * Goes on with a paused job.
   *
   * @throws job_not_found     no such job in this organization
   * @throws invalid_status    it is not paused
   * @throws version_mismatch  it is not one of those that the terms ask for
   */
  resume(caller: Caller, id: BatchJobId, terms?: ChangeTerms): Promise<ControlledJob> {
    return this.carryOut(
      { caller, batchJobId: id, terms },
      'batch resumed',
      (status) => new NotResumableError(status),
      (order) => this.control.resume(order),
    );
  }

  /**
   * Changes name and description of any job, limits of one that has not ended. Calls in progress go on when fewer are
   * allowed; contacts that have had as many calls as are allowed now end as their last call ended.
   *
   * @throws job_not_found     no such job in this organization
   * @throws invalid_status    it has ended, and a limit is to be changed
   * @throws version_mismatch  it is not one of those that the terms ask for
   */
  change(caller: Caller, id: BatchJobId, settings: SettingsChange, terms?: ChangeTerms): Promise<ControlledJob> {
    return this.carryOut(
      { caller, batchJobId: id, terms },
      'batch changed',
      (status) => new NotChangeableError(status),
      (order) => this.control.change(order, settings),
    );
  }

  private async carryOut(
    order: ChangeOrder,
    decision: string,
    refusal: (status: BatchJobStatus) => Error,
    make: (order: ChangeOrder) => Promise<ChangeResult>,
  ): Promise<ControlledJob> {
    const { batchJobId, caller } = order;
    const controlled = (change: Changed): ControlledJob => ({ batchJobId, change });
    const change = await carryOut({ ...order, answerOf: controlled }, make, refusal);
    this.logger.log(decision, { batchJobId, status: change.statusBefore, actor: caller.actor });
    // More may be called now, or nobody is left.
    this.dispatcher.request(caller.organizationId);
    return controlled(change);
  }
}
