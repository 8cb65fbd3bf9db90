import { Injectable } from '@nestjs/common';
import type { BatchJobId } from '../../batch-jobs/batch-job.entity.js';
import type { HistoryPosition } from '../../batch-jobs/ledger.repository.js';
import { LedgerService } from '../../operations/ledger.service.js';
import type { Caller } from '../../shared/caller.js';
import type { HistoryQuery } from './history.query.js';
import { HistoryEntryResponse, type HistoryResponse } from './history.response.js';
import { notACursor } from '../http/list-cursor.js';

/** Reads a page of the history as its query asks for it. */
@Injectable()
export class HistoryReader {
  constructor(private readonly ledger: LedgerService) {}

  /** @throws invalid_page  a cursor that is not ours */
  async read(caller: Caller, batchJobId: BatchJobId, { pageSize, cursor }: HistoryQuery): Promise<HistoryResponse> {
    const before = cursor === undefined ? null : fromCursor(cursor);
    // One more than shown tells whether a page follows.
    const entries = await this.ledger.listHistory(caller, batchJobId, { before, limit: pageSize + 1 });
    const shown = entries.slice(0, pageSize);
    const last = shown.at(-1);
    const nextCursor = last && entries.length > pageSize ? toCursor(last.id) : null;
    return { batchJobId, history: shown.map((entry) => HistoryEntryResponse.of(entry)), nextCursor };
  }
}

/** Opaque to callers: the place of the last change shown. */
const toCursor = (position: HistoryPosition): string => Buffer.from(position).toString('base64url');

const fromCursor = (cursor: string): HistoryPosition => {
  const position = Buffer.from(cursor, 'base64url').toString();
  if (/^\d{1,18}$/.test(position)) return position;
  throw notACursor();
};
