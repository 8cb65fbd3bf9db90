/** Every error code a caller can meet. Stable: clients branch on them, and `docs/errors.md` has a section for each. */
export const ERROR_CODES = [
  'already_running',
  'already_terminal',
  'call_not_found',
  'idempotency_in_progress',
  'idempotency_key_reused',
  'insufficient_credits',
  'insufficient_scope',
  'internal_error',
  'invalid_api_key',
  'invalid_contact_status',
  'invalid_csv',
  'invalid_datetime',
  'invalid_page',
  'invalid_page_size',
  'invalid_phone_format',
  'invalid_request',
  'invalid_signature',
  'invalid_status',
  'invalid_timezone',
  'job_not_found',
  'missing_phone_column',
  'no_outbound_agent',
  'no_valid_contacts',
  'organization_mismatch',
  'past_scheduled_time',
  'payload_too_large',
  'phone_number_not_found',
  'rate_limited',
  'redis_unavailable',
  'request_timeout',
  'route_not_found',
  'start_receipt_not_found',
  'too_many_at_once',
  'too_many_contacts',
  'unavailable',
  'unsupported_media_type',
  'version_mismatch',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** One faulty input of a request: the parameter or field by name, and what would be allowed there. */
export interface InputError {
  readonly parameter: string;
  readonly detail: string;
}

/**
 * A refusal the caller can act on: a stable code, a sentence that is safe to show, and facts.
 *
 * The sentence says what is and what would be allowed. The facts become members of the problem body (`currentStatus`,
 * `suggestions`, `errors`), so they must not hold phone numbers, keys or anything of another organization.
 * What it means in HTTP is decided in one table, `api/http/error-status.ts`.
 */
export abstract class DomainError extends Error {
  abstract readonly code: ErrorCode;

  constructor(
    detail: string,
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
  }

  override get name(): string {
    return this.constructor.name;
  }
}
