import { Injectable } from '@nestjs/common';
import type { ListFilter, ListPage } from '../../batch-jobs/list.repository.js';
import { BatchJobsService } from '../../operations/batch-jobs.service.js';
import { TimezoneService } from '../../scheduling/timezone.service.js';
import type { Caller } from '../../shared/caller.js';
import { InvalidInputError, OrganizationMismatchError } from '../http/api.errors.js';
import type { ListQuery } from './list.query.js';
import { ListResponse } from './list.response.js';
import { fromCursor, pageBesideCursor, toCursor } from '../http/list-cursor.js';

/** Reads a page of the list as its query asks for it. */
@Injectable()
export class ListReader {
  constructor(
    private readonly batchJobs: BatchJobsService,
    private readonly timezones: TimezoneService,
  ) {}

  /**
   * @throws organization_mismatch  `organizationId` is another's
   * @throws invalid_page           a cursor that is not ours, or one beside a page
   * @throws invalid_datetime       a filter that is not an instant
   */
  async read(caller: Caller, query: ListQuery): Promise<ListResponse> {
    if (query.organizationId !== undefined && query.organizationId !== caller.organizationId) {
      throw new OrganizationMismatchError();
    }
    const { pageSize } = query;
    const page = this.toPage(query);
    // One more than shown tells whether a page follows.
    const filter = this.toFilter(query);
    const { jobs, total, isTotalExact } = await this.batchJobs.list(caller, filter, { ...page, limit: pageSize + 1 });
    const shown = jobs.slice(0, pageSize);
    const last = shown.at(-1)?.job;
    const nextCursor = last && jobs.length > pageSize ? toCursor(last) : null;
    return ListResponse.of(shown, { total, isTotalExact, page: page.after ? null : query.page, pageSize, nextCursor });
  }

  private toPage({ cursor, page, pageSize }: ListQuery): Omit<ListPage, 'limit'> {
    if (cursor === undefined) return { offset: (page - 1) * pageSize, after: null };
    if (page === 1) return { offset: 0, after: fromCursor(cursor, (text) => this.timezones.parseInstant(text)) };
    throw pageBesideCursor();
  }

  private toFilter({ status, name, startsAfter, startsBefore }: ListQuery): ListFilter {
    return {
      status,
      name,
      startsAfter: this.toInstant('startsAfter', startsAfter),
      startsBefore: this.toInstant('startsBefore', startsBefore),
    };
  }

  private toInstant(parameter: string, text: string | undefined): Date | undefined {
    if (text === undefined) return undefined;
    const instant = this.timezones.parseInstant(text);
    if (instant) return instant;
    const detail = "must be an instant with 'Z' or an offset, such as 2027-03-01T15:00:00Z.";
    throw new InvalidInputError('invalid_datetime', `'${parameter}' ${detail}`, [{ parameter, detail }], {
      reason: 'format',
    });
  }
}
