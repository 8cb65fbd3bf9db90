import { Body, Param, Patch, Post, Query } from '@nestjs/common';
import type { EntityTag } from '../../batch-jobs/entity-tag.js';
import { NotChangeableError, NotPausableError, NotResumableError } from '../../batch-jobs/errors.js';
import { ControlService } from '../../operations/control.service.js';
import type { Caller } from '../../shared/caller.js';
import { CalledBy } from '../http/caller.decorator.js';
import { BatchJobParams } from '../http/batch-job.params.js';
import { ChangeBody } from './change.body.js';
import { ChangedResponse } from './change.response.js';
import { PauseResponse, ResumeResponse } from './verb.responses.js';
import { ReasonQuery } from '../http/reason.query.js';
import { REASON_TOO_LONG } from '../http/route.examples.js';
import { CHANGE_PROBLEMS } from './batches.examples.js';
import { IfMatch } from '../http/if-match.decorator.js';
import { JsonObjectBody } from '../http/json-object.body.js';
import { KeyedController } from '../http/keyed-controller.decorator.js';
import { NoBody } from '../http/no.body.js';
import { Bodies, Operation } from '../http/operation.decorator.js';

/** What people do with a job while it is called. */
@KeyedController('batch/jobs/:batch_job_id')
export class ControlController {
  constructor(private readonly control: ControlService) {}

  @Patch()
  @Bodies({ 'application/json': { type: ChangeBody } })
  @Operation({
    summary: 'Change batch job',
    description:
      'Changes what is given: name and description of any job, limits of one that has not ended. A running job is called by the new limits from the next call on.',
    scope: 'jobs:write',
    answer: ChangedResponse,
    answered: 'The job as it is now.',
    isTagged: true,
    writes: { body: JsonObjectBody, ofTagged: true },
    errors: ['job_not_found', 'invalid_status'],
    examples: [new NotChangeableError('completed'), ...CHANGE_PROBLEMS],
  })
  async change(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() { reason }: ReasonQuery,
    @Body() body: ChangeBody,
    @IfMatch() ifMatch?: readonly EntityTag[],
  ): Promise<ChangedResponse> {
    const terms = { reason, ifMatch };
    return ChangedResponse.of(await this.control.change(caller, params.batch_job_id, body.toChange(), terms));
  }

  @Post('pause')
  @Operation({
    summary: 'Pause batch job',
    description: 'No further calls are placed; calls in progress end normally, and may be the last ones.',
    scope: 'jobs:write',
    answer: PauseResponse,
    answered: 'The job is paused.',
    isTagged: true,
    writes: { body: NoBody, ofTagged: true },
    errors: ['job_not_found', 'invalid_status'],
    examples: [new NotPausableError('scheduled'), REASON_TOO_LONG],
  })
  async pause(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() { reason }: ReasonQuery,
    @IfMatch() ifMatch?: readonly EntityTag[],
  ): Promise<PauseResponse> {
    return PauseResponse.of(await this.control.pause(caller, params.batch_job_id, { reason, ifMatch }));
  }

  @Post('resume')
  @Operation({
    summary: 'Resume batch job',
    description: 'Goes on with a paused job where it was held.',
    scope: 'jobs:write',
    answer: ResumeResponse,
    answered: 'The job is running.',
    isTagged: true,
    writes: { body: NoBody, ofTagged: true },
    errors: ['job_not_found', 'invalid_status'],
    examples: [new NotResumableError('running'), REASON_TOO_LONG],
  })
  async resume(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() { reason }: ReasonQuery,
    @IfMatch() ifMatch?: readonly EntityTag[],
  ): Promise<ResumeResponse> {
    return ResumeResponse.of(await this.control.resume(caller, params.batch_job_id, { reason, ifMatch }));
  }
}
