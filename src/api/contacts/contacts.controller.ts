import { Body, Get, Param, Post, Query, type StreamableFile } from '@nestjs/common';
import { ContactsService } from '../../operations/contacts.service.js';
import type { Caller } from '../../shared/caller.js';
import { CalledBy } from '../http/caller.decorator.js';
import { toCsv } from './export-csv.js';
import { ContactsReader } from './contacts.reader.js';
import { BatchJobParams } from '../http/batch-job.params.js';
import { ContactsQuery } from './contacts.query.js';
import { ContactsResponse } from './contacts.response.js';
import { ExportBody } from './export.body.js';
import { CSV_ANSWER } from './export.example.js';
import { NoQuery } from '../http/no.query.js';
import { CONTACTS_PROBLEMS, EXPORT_PROBLEMS } from './contacts.examples.js';
import { KeyedController } from '../http/keyed-controller.decorator.js';
import { OF_EVERY_BODY, Operation } from '../http/operation.decorator.js';
import { textStream } from '../http/text-stream.js';

/** The contacts of a batch job: pages of them, and all of them. */
@KeyedController('batch/jobs/:batch_job_id')
export class ContactsController {
  constructor(
    private readonly contacts: ContactsService,
    private readonly reader: ContactsReader,
  ) {}

  @Get('contacts')
  @Operation({
    summary: 'List contacts of a batch job',
    description: 'In the order of the list. Read long lists with `cursor`: pages by number get slower towards the end.',
    scope: 'jobs:read',
    answer: ContactsResponse,
    answered: 'A page of contacts.',
    errors: ['job_not_found', 'invalid_contact_status', 'invalid_page', 'invalid_page_size'],
    examples: CONTACTS_PROBLEMS,
  })
  async listContacts(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() query: ContactsQuery,
  ): Promise<ContactsResponse> {
    return this.reader.read(caller, params.batch_job_id, query);
  }

  @Post('export')
  @Operation({
    summary: 'Export contacts with their results',
    description:
      'A CSV file of a job that is `completed`, `failed` or `cancelled`: the number, the custom columns, and what became of the contact in columns that begin with `call.`. A connection that breaks means that the file is not whole.',
    scope: 'jobs:read',
    answer: CSV_ANSWER,
    answered: 'The file, while it is made.',
    errors: ['job_not_found', 'invalid_status', ...OF_EVERY_BODY],
    examples: EXPORT_PROBLEMS,
  })
  async exportContacts(
    @CalledBy() caller: Caller,
    @Param() params: BatchJobParams,
    @Query() _: NoQuery,
    @Body() { filter }: ExportBody,
  ): Promise<StreamableFile> {
    const { batch_job_id: id } = params;
    const list = await this.contacts.export(caller, id, filter);
    const disposition = `attachment; filename="${id}${filter === 'all' ? '' : `-${filter}`}.csv"`;
    return textStream(toCsv(list), { type: 'text/csv; charset=utf-8', disposition });
  }
}
