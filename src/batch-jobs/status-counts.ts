import { FAILED_STATUSES, isEnded, REACHED_STATUSES, type ContactStatus } from './contact.status.js';

/** Contacts by status; a status without contacts may be absent. */
export type StatusCounts = Readonly<Partial<Record<ContactStatus, number>>>;

const sumOf = (counts: StatusCounts, belongs: (status: ContactStatus) => boolean): number =>
  Object.entries(counts).reduce((sum, [status, count]) => (belongs(status as ContactStatus) ? sum + count : sum), 0);

/** Contacts that have ended, and how. A cancelled contact is neither a success nor a failure. */
export const summarize = (counts: StatusCounts) => ({
  contactsProcessed: sumOf(counts, isEnded),
  successfulCalls: sumOf(counts, (status) => REACHED_STATUSES.includes(status)),
  failedCalls: sumOf(counts, (status) => FAILED_STATUSES.includes(status)),
});
