import { Injectable, Logger } from '@nestjs/common';
import type { ChangeOrder, ChangeResult, Changed, Refused } from '../batch-jobs/batch-job.changes.js';
import type { BatchJobId } from '../batch-jobs/batch-job.entity.js';
import type { BatchJobStatus } from '../batch-jobs/batch-job.status.js';
import { isBatchJobId } from '../batch-jobs/batch-jobs.repository.js';
import type { ChangeTerms } from '../batch-jobs/change-terms.js';
import { JobNotFoundError, VersionMismatchError } from '../batch-jobs/errors.js';
import { SchedulerGateway, type Rearmed } from '../queue/scheduler.gateway.js';
import type { Caller } from '../shared/caller.js';

/** A change that was committed, and whether its old wake-up was found and removed. */
export interface ChangedJob {
  readonly batchJobId: BatchJobId;
  readonly change: Changed;
  readonly redisJobCancelled: boolean;
}

/** What a person may ask of a batch that is there: how it is done, refused, told and answered. */
export interface Verb<Answer, Own extends string = never> {
  /** As the log tells it: `'batch paused'`. */
  readonly told: string;
  readonly make: (order: ChangeOrder) => Promise<ChangeResult<Own>>;
  /** What each condition of its statement means to who asked, but for the entity tags, which mean always the same. */
  readonly refusals: Readonly<Record<'status' | Own, (status: BatchJobStatus) => Error>>;
  /**
   * What the service returns. Asked before Redis is, too, with nothing rearmed: that is kept for an idempotent request
   * whose process ends right after the commit.
   */
  readonly answer: (changed: Changed, rearmed: Rearmed) => Answer;
  /** What follows a change that was committed. */
  readonly after?: (changed: Changed) => Promise<void> | void;
}

/** The answer of verbs that tell of the change, and no more. */
export const toChangedJob =
  (batchJobId: BatchJobId) =>
  (change: Changed, { oldJobCancelled }: Rearmed): ChangedJob => ({
    batchJobId,
    change,
    redisJobCancelled: oldJobCancelled,
  });

const NOT_REARMED: Rearmed = { oldJobCancelled: false, isArmed: false };

/** Carries verbs out: statement, timer, log and answer, in this order. */
@Injectable()
export class ChangeRunner {
  private readonly logger = new Logger(ChangeRunner.name);

  constructor(private readonly scheduler: SchedulerGateway) {}

  /**
   * Changes a batch, or says why it was not changed. Redis being away does not matter: the change is kept, and `Rearmed`
   * tells the answer that its timer is not known to be.
   *
   * @throws job_not_found     no such job in the organization
   * @throws version_mismatch  it is not one of those that the terms ask for
   */
  async run<Answer, Own extends string = never>(
    caller: Caller,
    batchJobId: BatchJobId,
    terms: ChangeTerms | undefined,
    verb: Verb<Answer, Own>,
  ): Promise<Answer> {
    if (!isBatchJobId(batchJobId)) throw new JobNotFoundError();
    const answerOf = (changed: Changed) => verb.answer(changed, NOT_REARMED);
    const result = await verb.make({ caller, batchJobId, terms, answerOf });
    if (result.outcome === 'not_found') throw new JobNotFoundError();
    if (result.outcome === 'refused') throw errorOf(verb, result);

    const { statusBefore, ended, scheduled, contacts } = result;
    const rearmed = await this.scheduler.rearm(ended, scheduled);
    const start = scheduled && { revision: scheduled.revision, startsAt: scheduled.startsAt, ...rearmed };
    this.logger.log(verb.told, { batchJobId, statusBefore, contacts, actor: caller.actor, ...start });
    await verb.after?.(result);
    return verb.answer(result, rearmed);
  }
}

const errorOf = <Own extends string>(
  { refusals }: Verb<unknown, Own>,
  { refusal, status, entityTag }: Refused<Own>,
): Error => (refusal === 'entity_tag' ? new VersionMismatchError(entityTag) : refusals[refusal](status));
