import { Injectable } from '@nestjs/common';
import type { BatchJobId } from '../../batch-jobs/batch-job.entity.js';
import { ContactsService } from '../../operations/contacts.service.js';
import type { Caller } from '../../shared/caller.js';
import { ContactResponse } from './contact.response.js';
import type { ContactsQuery } from './contacts.query.js';
import type { ContactsResponse } from './contacts.response.js';
import { notACursor, pageBesideCursor } from '../http/list-cursor.js';

/** Reads a page of contacts as its query asks for it. */
@Injectable()
export class ContactsReader {
  constructor(private readonly contacts: ContactsService) {}

  /** @throws invalid_page  a cursor that is not ours, or one beside a page */
  async read(caller: Caller, batchJobId: BatchJobId, query: ContactsQuery): Promise<ContactsResponse> {
    const { contactStatus, pageSize } = query;
    // One more than shown tells whether a page follows.
    const page = { ...toPlace(query), limit: pageSize + 1 };
    const { job, contacts, total } = await this.contacts.list(caller, batchJobId, contactStatus, page);
    const shown = contacts.slice(0, pageSize);
    const last = shown.at(-1);
    const hasMore = contacts.length > pageSize;
    return {
      batchJobId,
      contacts: shown.map((contact) => ContactResponse.of(job, contact)),
      total,
      page: query.cursor === undefined ? query.page : null,
      pageSize,
      hasMore,
      nextCursor: last && hasMore ? toCursor(last.position) : null,
    };
  }
}

const toPlace = ({ cursor, page, pageSize }: ContactsQuery): { offset: number; after?: number } => {
  if (cursor === undefined) return { offset: (page - 1) * pageSize };
  if (page === 1) return { offset: 0, after: fromCursor(cursor) };
  throw pageBesideCursor();
};

/** Opaque to callers: the place of the last contact shown. */
const toCursor = (position: number): string => Buffer.from(String(position)).toString('base64url');

const fromCursor = (cursor: string): number => {
  const position = Buffer.from(cursor, 'base64url').toString();
  if (/^\d{1,9}$/.test(position)) return Number(position);
  throw notACursor();
};
