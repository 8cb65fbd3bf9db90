import { Body, Controller, Headers, HttpCode, Param, Post, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { TwilioCallback } from '../../calling/dialers/twilio.dialer.js';
import { TwilioCallbacks } from '../../calling/twilio-callbacks.js';
import { ProblemFilter } from '../http/problem.filter.js';

/** For Twilio alone, whose signature stands in the place of a key: not in the document. */
@ApiExcludeController()
@Controller('batch/calls')
@UseFilters(ProblemFilter)
export class TwilioCallbackController {
  constructor(private readonly callbacks: TwilioCallbacks) {}

  @Post(':callId/twilio')
  @HttpCode(204)
  async take(
    @Param('callId') callId: string,
    @Headers('x-twilio-signature') signature: string | undefined,
    @Body() sent: TwilioCallback | undefined,
  ): Promise<void> {
    await this.callbacks.take(callId, signature, sent ?? {});
  }
}
