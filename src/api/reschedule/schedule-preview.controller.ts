import { Get, Query } from '@nestjs/common';
import { SchedulePreviewService } from '../../scheduling/schedule-preview.service.js';
import { SchedulePreviewQuery } from './schedule-preview.query.js';
import { SchedulePreviewResponse } from './schedule-preview.response.js';
import { KeyedController } from '../http/keyed-controller.decorator.js';
import { Operation } from '../http/operation.decorator.js';

@KeyedController('batch/schedule')
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
