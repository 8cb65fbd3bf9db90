import type { ErrorCode } from '../../shared/domain-error.js';

interface HttpMeaning {
  /** The kind of problem in a few words; the same for every occurrence (RFC 9457, section 3.1.3). */
  readonly title: string;
  readonly status: number;
}

/** What each code means in HTTP. The one place that knows. */
export const HTTP_MEANING = {
  already_running: { title: 'Already running', status: 400 },
  already_terminal: { title: 'Already ended', status: 400 },
  call_not_found: { title: 'Call not found', status: 404 },
  idempotency_in_progress: { title: 'Request in progress', status: 409 },
  idempotency_key_reused: { title: 'Idempotency key reused', status: 422 },
  insufficient_credits: { title: 'Insufficient credits', status: 400 },
  insufficient_scope: { title: 'Insufficient scope', status: 403 },
  internal_error: { title: 'Internal error', status: 500 },
  invalid_api_key: { title: 'Invalid API key', status: 401 },
  invalid_contact_status: { title: 'Invalid contact status', status: 400 },
  invalid_csv: { title: 'Invalid CSV', status: 400 },
  invalid_datetime: { title: 'Invalid date and time', status: 400 },
  invalid_page: { title: 'Invalid page', status: 400 },
  invalid_page_size: { title: 'Invalid page size', status: 400 },
  invalid_phone_format: { title: 'Invalid phone numbers', status: 400 },
  invalid_request: { title: 'Invalid request', status: 400 },
  invalid_signature: { title: 'Invalid signature', status: 403 },
  invalid_status: { title: 'Invalid status', status: 400 },
  invalid_timezone: { title: 'Invalid time zone', status: 400 },
  job_not_found: { title: 'Batch job not found', status: 404 },
  missing_phone_column: { title: 'No phone column', status: 400 },
  no_outbound_agent: { title: 'No outbound agent', status: 400 },
  no_valid_contacts: { title: 'No valid contacts', status: 400 },
  organization_mismatch: { title: 'Another organization', status: 403 },
  past_scheduled_time: { title: 'Start in the past', status: 400 },
  payload_too_large: { title: 'Body too large', status: 413 },
  phone_number_not_found: { title: 'Phone number not found', status: 404 },
  rate_limited: { title: 'Too many requests', status: 429 },
  redis_unavailable: { title: 'Redis unavailable', status: 503 },
  request_timeout: { title: 'Request not received in time', status: 408 },
  route_not_found: { title: 'No such route', status: 404 },
  start_receipt_not_found: { title: 'Not started', status: 404 },
  too_many_at_once: { title: 'Too many at one time', status: 429 },
  too_many_contacts: { title: 'Too many contacts', status: 400 },
  unavailable: { title: 'Temporarily unavailable', status: 503 },
  unsupported_media_type: { title: 'Unsupported media type', status: 415 },
  version_mismatch: { title: 'Changed meanwhile', status: 412 },
} as const satisfies Record<ErrorCode, HttpMeaning>;
