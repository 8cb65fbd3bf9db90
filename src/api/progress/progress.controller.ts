import { Get, Param, Query, Res, type StreamableFile } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse } from '@nestjs/swagger';
import type { Caller } from '../../shared/caller.js';
import { CalledBy } from '../http/caller.decorator.js';
import { answerHeaders } from '../http/answer.headers.js';
import { BatchJobParams } from '../http/batch-job.params.js';
import { filterExamples } from '../http/fields.js';
import { NoQuery } from '../http/no.query.js';
import { EVENTS_ANSWER } from './progress.example.js';
import { NO_PARAMETER } from '../http/route.examples.js';
import { KeyedController } from '../http/keyed-controller.decorator.js';
import { LastEventId, type LastEvent } from './last-event-id.decorator.js';
import { Operation } from '../http/operation.decorator.js';
import { ProgressReader } from './progress.reader.js';
import type { AdapterResponse } from '../http/raw-request.js';

/** What happens to a batch job, while it happens. */
@KeyedController('batch/jobs/:batch_job_id')
export class ProgressController {
  constructor(private readonly progress: ProgressReader) {}

  @Get('events')
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    schema: { type: 'string' },
    description: 'Id of the last event that was read: calls that ended since are told, too.',
    examples: filterExamples('1803999675000.call_01KAS5Z7M2Q4R6T8V0X2Z4B6D8'),
  })
  @ApiNoContentResponse({
    description: 'The client has read the `end` of the stream.',
    headers: answerHeaders(204),
  })
  @Operation({
    summary: 'Watch batch job',
    description:
      'Server-sent events `status`, `counters` and `outcomes` while they happen, and `end` after the last call of a job that has ended.\n\n    curl -N http://localhost:3000/batch/jobs/batch_01KAS5Z7M2Q4R6T8V0X2Z4B6D8/events -H "Authorization: Bearer $KEY"\n',
    scope: 'jobs:read',
    answer: EVENTS_ANSWER,
    answered: 'A stream of events, with a comment every 15 seconds.',
    errors: ['job_not_found', 'too_many_at_once'],
    examples: [NO_PARAMETER],
  })
  async watch(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() _: NoQuery,
    @LastEventId() lastEvent: LastEvent,
    @Res({ passthrough: true }) response: AdapterResponse,
  ): Promise<StreamableFile | undefined> {
    return this.progress.open(caller, params.batch_job_id, lastEvent, response);
  }
}
