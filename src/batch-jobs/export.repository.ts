import { Injectable } from '@nestjs/common';
import { Database } from '../shared/database.js';
import type { BatchJobId } from './batch-job.entity.js';
import type { Contact } from './contact.entity.js';
import type { ContactStatus } from './contact.status.js';

/** What an export tells of a contact. */
export type ExportedContact = Pick<
  Contact,
  | 'phoneNumber'
  | 'contactData'
  | 'status'
  | 'attemptCount'
  | 'lastAttemptAt'
  | 'completedAt'
  | 'callDurationSeconds'
  | 'errorCode'
  | 'failureReason'
  | 'roomName'
>;

/** Places of a list: behind `after`, up to and including `last`. */
export interface Places {
  readonly after: number;
  readonly last: number;
}

/** Which contacts of a list are exported. */
export interface Exported {
  /** Null: in any status. */
  readonly statuses: readonly ContactStatus[] | null;
  /** Only those that no call was ever placed to. */
  readonly isUncalled: boolean;
}

/** $1 job, $2 and $3 places, $4 most keys. The first contact that has a key gives it its place, as 100 keys are the most. */
const LIST_KEYS = `
  select key from (
    select key, min(position::bigint * 1000 + place) as first_seen
      from contacts, json_object_keys(contact_data) with ordinality as keys (key, place)
     where batch_job_id = $1 and position > $2 and position <= $3
     group by key
  ) as known order by first_seen limit $4`;

/** Contacts of a list, in its order. */
export interface ExportedPiece {
  readonly contacts: readonly ExportedContact[];
  /** The place up to which they are all of what was asked for. */
  readonly last: number;
}

/**
 * $1 job, $2 and $3 places, $4 statuses (null: any), $5 most bytes of rows before the last one, $6 uncalled contacts
 * only. A job without such contacts gives one row of nulls; none gives none.
 */
const READ_PIECE = `
  select contact.phone_number as "phoneNumber", contact.contact_data as "contactData", contact.status,
         contact.attempt_count as "attemptCount", contact.last_attempt_at as "lastAttemptAt",
         contact.completed_at as "completedAt", contact.call_duration_seconds as "callDurationSeconds",
         contact.error_code as "errorCode", contact.failure_reason as "failureReason", contact.room_name as "roomName",
         contact.position, contact.wanted
    from batch_jobs as job left join (
           select contacts.*, count(*) over ()::integer as wanted,
                  sum(octet_length(contact_data::text)) over (order by position) - octet_length(contact_data::text) as bytes_before
             from contacts
            where batch_job_id = $1 and position > $2 and position <= $3
              and ($4::text[] is null or contacts.status = any ($4)) and (attempt_count = 0 or not $6::boolean)
         ) as contact on contact.bytes_before < $5
   where job.id = $1 order by contact.position`;

/** `wanted` says how many contacts were asked for. */
type PieceRow = ExportedContact & { readonly position: number; readonly wanted: number };

/** Reads whole lists in pieces: each is a short statement of its own, however long the list is. */
@Injectable()
export class ExportRepository {
  constructor(private readonly database: Database) {}

  /** Keys of the contacts' rows in these places, in the order in which they are first seen. */
  async listKeys(batchJobId: BatchJobId, { after, last }: Places, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ key: string }>(LIST_KEYS, [batchJobId, after, last, limit]);
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
    const rows = await this.database.query<PieceRow | { readonly phoneNumber: null }>(READ_PIECE, [
      batchJobId,
      after,
      last,
      statuses,
      maxBytes,
      isUncalled,
    ]);
    if (rows.length === 0) return null;
    const contacts = rows.filter((row): row is PieceRow => row.phoneNumber !== null);
    const final = contacts.at(-1);
    return { contacts, last: final && contacts.length < final.wanted ? final.position : last };
  }
}
