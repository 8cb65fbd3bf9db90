import { Controller, Get, Query, UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { ScopeGuard } from '../access/scope.guard.js';
import { SchedulePreviewService } from '../scheduling/schedule-preview.service.js';
import { SchedulePreviewQuery } from './dto/schedule-preview.query.js';
import { SchedulePreviewResponse } from './dto/schedule-preview.response.js';
import { FailureInterceptor, Operation } from './operation.decorator.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestPipe } from './request.pipe.js';

@ApiTags('Batch Calling')
@ApiBearerAuth()
@ApiSecurity('x-api-key')
@Controller('batch/schedule')
@UseGuards(ScopeGuard)
@UseInterceptors(FailureInterceptor)
@UseFilters(ProblemFilter)
@UsePipes(RequestPipe)
export class SchedulePreviewController {
  constructor(private readonly previews: SchedulePreviewService) {}

  @Get('preview')
  @Operation({
    summary: 'Preview schedule',
    description: 'What a start means, and why it would be refused, before any job has it. Changes nothing.',
    scope: 'jobs:read',
    answer: SchedulePreviewResponse,
    answered: 'The start would be taken.',
    errors: ['invalid_timezone', 'invalid_datetime', 'past_scheduled_time'],
  })
  async preview(@Query() query: SchedulePreviewQuery): Promise<SchedulePreviewResponse> {
    return SchedulePreviewResponse.of(await this.previews.preview(query.toSchedule()));
  }
}
