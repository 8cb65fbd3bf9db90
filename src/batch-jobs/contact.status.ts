/**
 * What a status means: `waiting` for a call, `called` at the moment, `reached`, `in_vain` after its last call, or
 * `withdrawn`, neither a success nor a failure.
 */
type Stage = 'waiting' | 'called' | 'reached' | 'in_vain' | 'withdrawn';

interface Meaning {
  readonly stage: Stage;
  /** After a call that ended so the contact may be called again, unless its batch says less. */
  readonly isRetryable?: true;
}

/** Where a contact is, and for an ended one how it ended: the published contract keeps both in one word. */
const TABLE = {
  pending: { stage: 'waiting' },
  queued: { stage: 'waiting' }, // for another call
  dialing: { stage: 'called' },
  completed: { stage: 'reached' },
  no_answer: { stage: 'in_vain', isRetryable: true },
  busy: { stage: 'in_vain', isRetryable: true },
  timeout: { stage: 'in_vain', isRetryable: true },
  blocked: { stage: 'in_vain' },
  invalid_number: { stage: 'in_vain' },
  carrier_error: { stage: 'in_vain' },
  failed: { stage: 'in_vain' },
  cancelled: { stage: 'withdrawn' },
} as const satisfies Record<string, Meaning>;

export type ContactStatus = keyof typeof TABLE;

export const CONTACT_STATUSES = Object.keys(TABLE) as readonly ContactStatus[];

const inStage = (...stages: readonly Stage[]): readonly ContactStatus[] =>
  CONTACT_STATUSES.filter((status) => stages.includes(TABLE[status].stage));

/** True when no further call will be placed to the contact. */
export const isEnded = (status: ContactStatus): boolean => !OPEN.includes(status);

const OPEN = inStage('waiting', 'called');

export const REACHED_STATUSES = inStage('reached');
export const FAILED_STATUSES = inStage('in_vain');

export type RetryableStatus = {
  [Status in ContactStatus]: (typeof TABLE)[Status] extends { readonly isRetryable: true } ? Status : never;
}[ContactStatus];

/** Outcomes after which a contact may be called again while attempts are left: all of them, unless its batch says less. */
export const RETRYABLE_STATUSES = CONTACT_STATUSES.filter(
  (status): status is RetryableStatus => 'isRetryable' in TABLE[status],
);

const toSql = (statuses: readonly ContactStatus[]): string => `(${statuses.map((status) => `'${status}'`).join(', ')})`;

/** SQL: `('pending', 'queued')`, the statuses of a contact that is not being called and may still be. */
export const WAITING_SQL = toSql(inStage('waiting'));

/** SQL: the statuses of a contact that has not ended. */
export const OPEN_SQL = toSql(OPEN);
