import { Get, Param, Patch, Query } from '@nestjs/common';
import type { EntityTag } from '../../batch-jobs/entity-tag.js';
import { BatchJobsService } from '../../operations/batch-jobs.service.js';
import { RescheduleService } from '../../operations/reschedule.service.js';
import type { Caller } from '../../shared/caller.js';
import { BatchJobParams } from '../http/batch-job.params.js';
import { CalledBy } from '../http/caller.decorator.js';
import { IfMatch } from '../http/if-match.decorator.js';
import { KeyedController } from '../http/keyed-controller.decorator.js';
import { NoBody } from '../http/no.body.js';
import { NoQuery } from '../http/no.query.js';
import { Operation } from '../http/operation.decorator.js';
import { NO_PARAMETER } from '../http/route.examples.js';
import { QueueViewResponse } from './queue-view.response.js';
import { MOVED } from './reschedule.examples.js';
import { RescheduleQuery } from './reschedule.query.js';
import { RescheduleResponse } from './reschedule.response.js';

/** Moves a start, and shows it beside what the queue knows of it. */
@KeyedController('batch')
export class RescheduleController {
  constructor(
    private readonly rescheduling: RescheduleService,
    private readonly batchJobs: BatchJobsService,
  ) {}

  @Patch('jobs/:batch_job_id/reschedule')
  @Operation({
    summary: 'Reschedule batch job',
    description:
      'Moves the start of a job that is `scheduled` or `pending`: its old queue job is cancelled, a new delayed one created. The parameters travel in the query string, and there is no body; a wall time without `timezone` is one in UTC, and `warnings` tells when the job had another zone.',
    scope: 'jobs:write',
    answer: RescheduleResponse,
    answered: 'The job starts at its new time.',
    answers: MOVED,
    isTagged: true,
    writes: { body: NoBody, ofTagged: true },
    errors: ['job_not_found', 'invalid_timezone', 'invalid_datetime', 'past_scheduled_time', 'invalid_status'],
  })
  async reschedule(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() query: RescheduleQuery,
    @IfMatch() ifMatch?: readonly EntityTag[],
  ): Promise<RescheduleResponse> {
    const { reason } = query;
    const terms = { reason, ifMatch };
    return RescheduleResponse.of(
      await this.rescheduling.reschedule(caller, params.batch_job_id, query.toSchedule(), terms),
    );
  }

  @Get('jobs/:batch_job_id/redis-status')
  @Operation({
    summary: 'Compare batch job with its queue job',
    description: 'For finding drift: what the database says of the start beside what Redis holds of its timer.',
    scope: 'jobs:read',
    answer: QueueViewResponse,
    answered: 'What the database and Redis say of the start.',
    errors: ['job_not_found'],
    examples: [NO_PARAMETER],
  })
  async getQueueView(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() _: NoQuery,
  ): Promise<QueueViewResponse> {
    return QueueViewResponse.of(await this.batchJobs.getQueueView(caller, params.batch_job_id));
  }
}
