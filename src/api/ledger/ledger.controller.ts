import { Get, Param, Query } from '@nestjs/common';
import { LedgerService } from '../../operations/ledger.service.js';
import type { Caller } from '../../shared/caller.js';
import { CalledBy } from '../http/caller.decorator.js';
import { BatchJobParams } from '../http/batch-job.params.js';
import { HistoryQuery } from './history.query.js';
import { HistoryResponse } from './history.response.js';
import { NoQuery } from '../http/no.query.js';
import { NO_PARAMETER } from '../http/route.examples.js';
import { HISTORY_PROBLEMS } from './ledger.examples.js';
import { StartReceiptResponse } from './start-receipt.response.js';
import { HistoryReader } from './history.reader.js';
import { KeyedController } from '../http/keyed-controller.decorator.js';
import { Operation } from '../http/operation.decorator.js';

/** What happened to a batch job: for whoever has to answer for it. */
@KeyedController('batch/jobs/:batch_job_id')
export class LedgerController {
  constructor(
    private readonly ledger: LedgerService,
    private readonly histories: HistoryReader,
  ) {}

  @Get('start-receipt')
  @Operation({
    summary: 'Get start receipt',
    description: 'When the job was to start, when it did and what started it. There is none before the start.',
    scope: 'jobs:read',
    answer: StartReceiptResponse,
    answered: 'The one start of the job.',
    errors: ['job_not_found', 'start_receipt_not_found'],
    examples: [NO_PARAMETER],
  })
  async getStartReceipt(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() _: NoQuery,
  ): Promise<StartReceiptResponse> {
    return StartReceiptResponse.of(await this.ledger.getStartReceipt(caller, params.batch_job_id));
  }

  @Get('history')
  @Operation({
    summary: 'List history',
    description:
      'Every change of the job, newest first: who, when, from what, to what and why. Nothing of it can be changed.',
    scope: 'jobs:read',
    answer: HistoryResponse,
    answered: 'A page of changes, newest first.',
    errors: ['job_not_found', 'invalid_page', 'invalid_page_size'],
    examples: HISTORY_PROBLEMS,
  })
  async listHistory(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() query: HistoryQuery,
  ): Promise<HistoryResponse> {
    return this.histories.read(caller, params.batch_job_id, query);
  }
}
