import { boolean, count, integer, json, listOf, statement, text, timestamp } from '../shared/statement.js';
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

interface PlacesOf extends Places {
  readonly batchJobId: BatchJobId;
}

/** The first contact that has a key gives it its place, as 100 keys are the most. */
export const LIST_KEYS = statement<PlacesOf & { readonly limit: number }, { readonly key: string }>({
  sql: `
  select key from (
    select key, min(position::bigint * 1000 + place) as first_seen
      from contacts, json_object_keys(contact_data) with ordinality as keys (key, place)
     where batch_job_id = :batchJobId and position > :after and position <= :last
     group by key
  ) as known order by first_seen limit :limit`,
  parameters: { batchJobId: text, after: integer, last: integer, limit: count },
  columns: { key: text },
});

interface PieceParameters extends PlacesOf, Exported {
  /** Of the rows before the last one, as JSON. */
  readonly maxBytes: number;
}

/**
 * A job without such contacts gives one row of nulls; none gives none.
 */
export const READ_PIECE = statement<PieceParameters, PieceRow>({
  sql: `
  select contact.phone_number as "phoneNumber", contact.contact_data as "contactData", contact.status,
         contact.attempt_count as "attemptCount", contact.last_attempt_at as "lastAttemptAt",
         contact.completed_at as "completedAt", contact.call_duration_seconds as "callDurationSeconds",
         contact.error_code as "errorCode", contact.failure_reason as "failureReason", contact.room_name as "roomName",
         contact.position, contact.wanted
    from batch_jobs as job left join (
           select contacts.*, count(*) over ()::integer as wanted,
                  sum(octet_length(contact_data::text)) over (order by position) - octet_length(contact_data::text) as bytes_before
             from contacts
            where batch_job_id = :batchJobId and position > :after and position <= :last
              and (:statuses::text[] is null or contacts.status = any (:statuses)) and (attempt_count = 0 or not :isUncalled::boolean)
         ) as contact on contact.bytes_before < :maxBytes
   where job.id = :batchJobId order by contact.position`,
  parameters: {
    batchJobId: text,
    after: integer,
    last: integer,
    statuses: listOf(text),
    maxBytes: count,
    isUncalled: boolean,
  },
  columns: {
    phoneNumber: text,
    contactData: json,
    status: text,
    attemptCount: integer,
    lastAttemptAt: timestamp,
    completedAt: timestamp,
    callDurationSeconds: integer,
    errorCode: text,
    failureReason: text,
    roomName: text,
    position: integer,
    wanted: integer,
  },
});

/** `wanted` says how many contacts were asked for. */
export type PieceRow = ExportedContact & { readonly position: number; readonly wanted: number };
