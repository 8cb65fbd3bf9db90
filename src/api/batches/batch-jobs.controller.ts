import { Body, Delete, Get, Param, Post, Query } from '@nestjs/common';
import type { ContactList } from '../../batch-jobs/contact-list.js';
import type { EntityTag } from '../../batch-jobs/entity-tag.js';
import { NotDeletableError, NotStartableError } from '../../batch-jobs/errors.js';
import { BatchJobsService } from '../../operations/batch-jobs.service.js';
import { DeletionService } from '../../operations/deletion.service.js';
import type { Caller } from '../../shared/caller.js';
import { CalledBy } from '../http/caller.decorator.js';
import { ContactListBody, Contacts } from '../contact-lists/contact-list.body.js';
import { BatchJobParams } from '../http/batch-job.params.js';
import { CancelResponse, DeleteResponse, StartResponse } from './verb.responses.js';
import { CreateBody, CreateFormBody, CreateJsonBody } from './create.body.js';
import { CreateResponse } from './create.response.js';
import { CREATE_BODIES, CREATED } from './create.examples.js';
import { DetailQuery } from './detail.query.js';
import { DetailResponse } from './detail.response.js';
import { ListQuery } from './list.query.js';
import { ListResponse } from './list.response.js';
import { NoQuery } from '../http/no.query.js';
import { ReasonQuery } from '../http/reason.query.js';
import { NO_PARAMETER, REASON_TOO_LONG } from '../http/route.examples.js';
import { CREATE_PROBLEMS, DETAIL_PROBLEMS, LIST_PROBLEMS } from './batches.examples.js';
import { IfMatch, NothingToMatch } from '../http/if-match.decorator.js';
import { KeyedController } from '../http/keyed-controller.decorator.js';
import { ListReader } from './list.reader.js';
import { NoBody } from '../http/no.body.js';
import { Bodies, Operation } from '../http/operation.decorator.js';

/** The HTTP contract: translates, and nothing else. */
@KeyedController('batch')
export class BatchJobsController {
  constructor(
    private readonly batchJobs: BatchJobsService,
    private readonly deletion: DeletionService,
    private readonly listing: ListReader,
  ) {}

  @Post('create')
  @Bodies({
    'application/json': { type: CreateJsonBody, examples: CREATE_BODIES },
    'multipart/form-data': { type: CreateFormBody },
  })
  @Operation({
    summary: 'Create batch job',
    description:
      'Takes a CSV file or a JSON array of contacts. With a start the job is `scheduled`; without one it is `pending` and waits until it is started or scheduled.',
    scope: 'jobs:write',
    answer: CreateResponse,
    answered: 'The job was created with its contacts.',
    answers: CREATED,
    isTagged: true,
    writes: { body: ContactListBody },
    errors: [
      'invalid_csv',
      'missing_phone_column',
      'no_valid_contacts',
      'too_many_contacts',
      'invalid_phone_format',
      'invalid_timezone',
      'invalid_datetime',
      'past_scheduled_time',
      'no_outbound_agent',
      'insufficient_credits',
      'phone_number_not_found',
      'too_many_at_once',
    ],
    examples: CREATE_PROBLEMS,
  })
  async create(
    @CalledBy() caller: Caller,
    @NothingToMatch() _match: void,
    @Query() _: NoQuery,
    @Body() body: CreateBody,
    @Contacts() list: ContactList,
  ): Promise<CreateResponse> {
    return CreateResponse.of(await this.batchJobs.create(caller, body.toInput(list)));
  }

  @Get('jobs')
  @Operation({
    summary: 'List batch jobs',
    description: 'Newest first. Read long lists with `cursor`: pages by number move while jobs are created.',
    scope: 'jobs:read',
    answer: ListResponse,
    answered: 'A page of jobs, newest first.',
    errors: ['invalid_status', 'invalid_page', 'invalid_page_size', 'invalid_datetime', 'organization_mismatch'],
    examples: LIST_PROBLEMS,
  })
  async list(@CalledBy() caller: Caller, @Query() query: ListQuery): Promise<ListResponse> {
    return this.listing.read(caller, query);
  }

  @Get('jobs/:batch_job_id')
  @Operation({
    summary: 'Get batch job detail',
    description: 'The job, its progress, and a page of its contacts.',
    scope: 'jobs:read',
    answer: DetailResponse,
    answered: 'The job and a page of its contacts.',
    isTagged: true,
    errors: ['job_not_found', 'invalid_contact_status', 'invalid_page', 'invalid_page_size'],
    examples: DETAIL_PROBLEMS,
  })
  async getDetail(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() query: DetailQuery,
  ): Promise<DetailResponse> {
    const page = { limit: query.contactsPageSize, offset: (query.contactsPage - 1) * query.contactsPageSize };
    const detail = await this.batchJobs.getDetail(caller, params.batch_job_id, query.contactStatus, page);
    return DetailResponse.from(detail, query);
  }

  @Post('jobs/:batch_job_id/start')
  @Operation({
    summary: 'Start batch job',
    description: 'Starts a job now that is `scheduled` or `pending`; its timer is cancelled.',
    scope: 'jobs:write',
    answer: StartResponse,
    answered: 'The job is running.',
    isTagged: true,
    writes: { body: NoBody, ofTagged: true },
    errors: ['job_not_found', 'already_running', 'invalid_status'],
    examples: [new NotStartableError('completed'), NO_PARAMETER],
  })
  async start(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() _: NoQuery,
    @IfMatch() ifMatch?: readonly EntityTag[],
  ): Promise<StartResponse> {
    return StartResponse.of(await this.batchJobs.start(caller, params.batch_job_id, { ifMatch }));
  }

  @Post('jobs/:batch_job_id/cancel')
  @Operation({
    summary: 'Cancel batch job',
    description: 'Contacts that wait for a call are cancelled; calls in progress end normally.',
    scope: 'jobs:write',
    answer: CancelResponse,
    answered: 'The job is cancelled.',
    isTagged: true,
    writes: { body: NoBody, ofTagged: true },
    errors: ['job_not_found', 'already_terminal'],
    examples: [REASON_TOO_LONG],
  })
  async cancel(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() { reason }: ReasonQuery,
    @IfMatch() ifMatch?: readonly EntityTag[],
  ): Promise<CancelResponse> {
    return CancelResponse.of(await this.batchJobs.cancel(caller, params.batch_job_id, { reason, ifMatch }));
  }

  @Delete('jobs/:batch_job_id')
  @Operation({
    summary: 'Delete batch job',
    description:
      'Removes a job that is not `running`, its contacts and its timer; nothing of it can be read any more. Calls in progress end normally.',
    scope: 'jobs:write',
    answer: DeleteResponse,
    answered: 'The job and its contacts are gone.',
    writes: { body: NoBody, ofTagged: true },
    errors: ['job_not_found', 'invalid_status'],
    examples: [new NotDeletableError('running'), REASON_TOO_LONG],
  })
  async delete(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() { reason }: ReasonQuery,
    @IfMatch() ifMatch?: readonly EntityTag[],
  ): Promise<DeleteResponse> {
    return DeleteResponse.of(await this.deletion.delete(caller, params.batch_job_id, { reason, ifMatch }));
  }
}
