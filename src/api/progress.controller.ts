import {
  Controller,
  Get,
  Param,
  Query,
  Res,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type StreamableFile,
} from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiNoContentResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { ScopeGuard } from '../access/scope.guard.js';
import type { Caller } from '../shared/caller.js';
import { CalledBy } from './caller.decorator.js';
import { answerHeaders } from './dto/answer.headers.js';
import { BatchJobParams } from './dto/batch-job.params.js';
import { filterExamples } from './dto/fields.js';
import { NoQuery } from './dto/no.query.js';
import { EVENTS_ANSWER } from './dto/progress.example.js';
import { NO_PARAMETER } from './dto/route.examples.js';
import { LastEventId, type LastEvent } from './last-event-id.decorator.js';
import { FailureInterceptor, Operation } from './operation.decorator.js';
import { ProblemFilter } from './problem.filter.js';
import { ProgressReader } from './progress.reader.js';
import type { AdapterResponse } from './raw-request.js';
import { RequestPipe } from './request.pipe.js';

/** What happens to a batch job, while it happens. */
@ApiTags('Batch Calling')
@ApiBearerAuth()
@ApiSecurity('x-api-key')
@Controller('batch/jobs/:batch_job_id')
@UseGuards(ScopeGuard)
@UseInterceptors(FailureInterceptor)
@UseFilters(ProblemFilter)
@UsePipes(RequestPipe)
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
    errors: ['job_not_found'],
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
