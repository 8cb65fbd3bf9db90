import type { ErrorCode } from '../shared/domain-error.js';

interface HttpMeaning {
  readonly status: number;
  /** The kind of problem in a few words; the same for every occurrence (RFC 9457, section 3.1.3). */
  readonly title: string;
}

/** What each code means in HTTP. The one place that knows. */
export const HTTP_MEANING = {
  already_running: { status: 400, title: 'Already running' },
  already_terminal: { status: 400, title: 'Already ended' },
  insufficient_credits: { status: 400, title: 'Insufficient credits' },
  insufficient_scope: { status: 403, title: 'Insufficient scope' },
  internal_error: { status: 500, title: 'Internal error' },
  invalid_api_key: { status: 401, title: 'Invalid API key' },
  invalid_contact_status: { status: 400, title: 'Invalid contact status' },
  invalid_csv: { status: 400, title: 'Invalid CSV' },
  invalid_datetime: { status: 400, title: 'Invalid date and time' },
  invalid_page: { status: 400, title: 'Invalid page' },
  invalid_page_size: { status: 400, title: 'Invalid page size' },
  invalid_phone_format: { status: 400, title: 'Invalid phone numbers' },
  invalid_request: { status: 400, title: 'Invalid request' },
  invalid_status: { status: 400, title: 'Invalid status' },
  invalid_timezone: { status: 400, title: 'Invalid time zone' },
  job_not_found: { status: 404, title: 'Batch job not found' },
  missing_phone_column: { status: 400, title: 'No phone column' },
  no_outbound_agent: { status: 400, title: 'No outbound agent' },
  no_valid_contacts: { status: 400, title: 'No valid contacts' },
  organization_mismatch: { status: 403, title: 'Another organization' },
  past_scheduled_time: { status: 400, title: 'Start in the past' },
  payload_too_large: { status: 413, title: 'Body too large' },
  phone_number_not_found: { status: 404, title: 'Phone number not found' },
  rate_limited: { status: 429, title: 'Too many requests' },
  route_not_found: { status: 404, title: 'No such route' },
  too_many_contacts: { status: 400, title: 'Too many contacts' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
} as const satisfies Record<ErrorCode, HttpMeaning>;
