import type { BatchJobHold } from '../../batch-jobs/batch-job-hold.entity.js';
import { SNOOZE_REASONS, type SnoozeReason } from '../../batch-jobs/call.snooze.js';
import { CONTACT_STATUSES, type ContactStatus } from '../../batch-jobs/contact.status.js';
import type { StatusCounts } from '../../batch-jobs/status-counts.js';
import type { JobDetail } from '../../operations/batch-jobs.service.js';
import { toUtc, toUtcOrNull } from '../../shared/utc.js';
import { BatchJobResponse } from './batch-job.response.js';
import { ContactResponse } from '../contacts/contact.response.js';
import type { DetailQuery } from './detail.query.js';
import { Shown, ShownOrNull } from '../http/fields.js';

type Breakdown = Readonly<Record<ContactStatus, number>>;

/** Every status, also those that no contact has. */
export const toBreakdown = (counts: StatusCounts): Breakdown =>
  Object.fromEntries(CONTACT_STATUSES.map((status) => [status, counts[status] ?? 0])) as Breakdown;

/** Adds up to the counters that `BatchJobResponse` shows. */
const BREAKDOWN: Breakdown = {
  pending: 540,
  queued: 31,
  dialing: 5,
  completed: 305,
  no_answer: 58,
  busy: 17,
  timeout: 9,
  blocked: 2,
  invalid_number: 14,
  carrier_error: 4,
  failed: 3,
  cancelled: 0,
};

/** A batch whose calls could not be placed, and when it is tried again. */
export class CallHoldResponse {
  @Shown('What calls met last: the state of the provider, or of the account with it.', {
    enum: SNOOZE_REASONS,
    example: 'provider_busy',
  })
  readonly reason: SnoozeReason;

  @ShownOrNull("The provider's own code. Null when it said nothing.", { type: String, example: 'http_429' })
  readonly errorCode: string | null;

  @Shown('No call is placed before, UTC. When it is past, calls are placed again, fewer at one time than usual.', {
    format: 'date-time',
    example: '2027-03-01T15:04:09.120Z',
  })
  readonly until: string;

  @Shown(
    'Setbacks in a row; 0 when the last call was taken. After several the batch is paused, unless the provider is full.',
    {
      type: 'integer',
      example: 2,
    },
  )
  readonly setbacks: number;

  static of({ reason, errorCode, heldUntil, setbacks }: BatchJobHold): CallHoldResponse {
    return { reason, errorCode, until: toUtc(heldUntil), setbacks };
  }
}

export class DetailResponse extends BatchJobResponse {
  @Shown('Contacts in each status.', {
    type: 'object',
    properties: Object.fromEntries(
      CONTACT_STATUSES.map((status) => [
        status,
        { type: 'integer', description: `Contacts that are \`${status}\`.`, example: BREAKDOWN[status] },
      ]),
    ),
    required: [...CONTACT_STATUSES],
    selfRequired: true,
    example: BREAKDOWN,
  })
  readonly statusBreakdown: Breakdown;

  @ShownOrNull(
    'When it will be done, UTC: at the pace so far without pauses, and never before a retry that is known. Null while it does not run or nothing is processed.',
    {
      type: String,
      format: 'date-time',
      example: '2027-03-01T16:22:20Z',
    },
  )
  readonly estimatedCompletionTime: string | null;

  @ShownOrNull('Why it goes slowly. Null while all is well.', { type: CallHoldResponse })
  readonly callHold: CallHoldResponse | null;

  @Shown('A page of contacts, in the order of the list.', { type: [ContactResponse] })
  readonly contacts: readonly ContactResponse[];

  @Shown('Contacts that pass the filter.', { type: 'integer', example: 988 }) readonly contactsTotal: number;
  @Shown('The page shown.', { type: 'integer', example: 1 }) readonly contactsPage: number;
  @Shown('Most contacts on a page.', { type: 'integer', example: 50 }) readonly contactsPageSize: number;
  @Shown('Whether more pages follow.', { example: true }) readonly contactsHasMore: boolean;

  static from(detail: JobDetail, query: DetailQuery): DetailResponse {
    const { job, counts, contacts, hold, estimatedCompletionAt } = detail;
    const { contactStatus, contactsPage, contactsPageSize } = query;
    const contactsTotal = contactStatus ? (counts[contactStatus] ?? 0) : job.totalContacts;
    return {
      ...BatchJobResponse.of(detail),
      statusBreakdown: toBreakdown(counts),
      estimatedCompletionTime: toUtcOrNull(estimatedCompletionAt),
      callHold: hold && CallHoldResponse.of(hold),
      contacts: contacts.map((contact) => ContactResponse.of(job, contact)),
      contactsTotal,
      contactsPage,
      contactsPageSize,
      contactsHasMore: contactsPage * contactsPageSize < contactsTotal,
    };
  }
}
