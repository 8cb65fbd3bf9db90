import { Param, Post, Query } from '@nestjs/common';
import type { CallEnd } from '../../batch-jobs/call.outcome.js';
import { CallOutcomes } from '../../calling/call-outcomes.js';
import type { Caller } from '../../shared/caller.js';
import { CalledBy } from '../http/caller.decorator.js';
import { CallParams } from './call.params.js';
import { NoQuery } from '../http/no.query.js';
import { OutcomeBody } from './outcome.body.js';
import { OUTCOME_BODIES, OUTCOME_PROBLEMS, REPORTED } from './outcome.examples.js';
import { OutcomeResponse } from './outcome.response.js';
import { JsonObjectBody } from '../http/json-object.body.js';
import { KeyedController } from '../http/keyed-controller.decorator.js';
import { Bodies, Operation } from '../http/operation.decorator.js';
import { Reported } from './report.decorator.js';

/** For call services, which are given a call and later tell what became of it. */
@KeyedController('batch/calls')
export class CallsController {
  constructor(private readonly outcomes: CallOutcomes) {}

  @Post(':callId/outcome')
  @Bodies({ 'application/json': { type: OutcomeBody, examples: OUTCOME_BODIES } })
  @Operation({
    summary: 'Report call outcome',
    description:
      'Ends a call that a call service has accepted. The first report counts; repeating it, or another one later, changes nothing.',
    scope: 'calls:report',
    answer: OutcomeResponse,
    answered: 'The call has ended, by this report or by an earlier one.',
    answers: REPORTED,
    writes: { body: JsonObjectBody, isHarmless: true },
    errors: ['call_not_found'],
    examples: OUTCOME_PROBLEMS,
  })
  async reportOutcome(
    @CalledBy() { organizationId }: Caller,
    @Param() { callId }: CallParams,
    @Query() _: NoQuery,
    @Reported() end: CallEnd,
  ): Promise<OutcomeResponse> {
    return OutcomeResponse.of({ callId, report: await this.outcomes.record(callId, end, organizationId) });
  }
}
