/** Where a contact is, and for an ended one how it ended: the published contract keeps both in one word. */
export const CONTACT_STATUSES = [
  'pending',
  'queued',
  'dialing',
  'completed',
  'no_answer',
  'busy',
  'timeout',
  'blocked',
  'invalid_number',
  'carrier_error',
  'failed',
  'cancelled',
] as const;

export type ContactStatus = (typeof CONTACT_STATUSES)[number];

/** Statuses of a contact that is not being called and may still be: what a cancel takes back. `queued` waits for a retry. */
export const WAITING_CONTACT_STATUSES = ['pending', 'queued'] as const satisfies readonly ContactStatus[];

const OPEN: readonly ContactStatus[] = [...WAITING_CONTACT_STATUSES, 'dialing'];

/** True when no further call will be placed to the contact. */
export const isEnded = (status: ContactStatus): boolean => !OPEN.includes(status);

/**
 * Outcomes after which a contact may be called again while attempts are left: all of them, unless its batch says less.
 */
export const RETRYABLE_STATUSES = ['no_answer', 'busy', 'timeout'] as const satisfies readonly ContactStatus[];
export type RetryableStatus = (typeof RETRYABLE_STATUSES)[number];

/** How a contact ended that was called in vain. A cancelled one is neither a success nor a failure. */
export const FAILED_STATUSES = CONTACT_STATUSES.filter(
  (status) => isEnded(status) && status !== 'completed' && status !== 'cancelled',
);
