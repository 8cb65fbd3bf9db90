import { Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';
import type { BatchJobId } from './batch-job.entity.js';
import {
  LIST_KEYS,
  READ_PIECE,
  type Exported,
  type ExportedContact,
  type PieceRow,
  type Places,
} from './export.statements.js';

/** Contacts of a list, in its order. */
export interface ExportedPiece {
  readonly contacts: readonly ExportedContact[];
  /** The place up to which they are all of what was asked for. */
  readonly last: number;
}

/** Reads whole lists in pieces: each is a short statement of its own, however long the list is. */
@Injectable()
export class ExportRepository {
  constructor(private readonly database: Database) {}

  /** Keys of the contacts' rows in these places, in the order in which they are first seen. */
  async listKeys(batchJobId: BatchJobId, { after, last }: Places, limit: number): Promise<string[]> {
    const rows = await this.database.run(LIST_KEYS, { batchJobId, after, last, limit });
    return rows.map(({ key }) => key);
  }

  /**
   * Contacts in these places, fewer when their rows are large.
   *
   * @param maxBytes of the rows as JSON; the last one may exceed it
   * @returns null when the job is gone
   */
  async readPiece(
    batchJobId: BatchJobId,
    { after, last }: Places,
    { statuses, isUncalled }: Exported,
    maxBytes: number,
  ): Promise<ExportedPiece | null> {
    const rows = await this.database.run(READ_PIECE, { batchJobId, after, last, statuses, isUncalled, maxBytes });
    if (rows.length === 0) return null;
    const contacts = rows.filter((row): row is PieceRow => row.phoneNumber !== null);
    const final = contacts.at(-1);
    return { contacts, last: final && contacts.length < final.wanted ? final.position : last };
  }
}
