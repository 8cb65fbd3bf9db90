import {
  InsufficientScopeError,
  InvalidApiKeyError,
  RateLimitedError,
  TooManyAtOnceError,
} from '../../access/access.errors.js';
import {
  InvalidCsvError,
  InvalidPhoneFormatError,
  MissingPhoneColumnError,
  NoValidContactsError,
  TooManyContactsError,
} from '../../batch-jobs/contact-list/contact-list.errors.js';
import { CONTACT_STATUSES } from '../../batch-jobs/contact.status.js';
import {
  AlreadyTerminalError,
  CallNotFoundError,
  InsufficientCreditsError,
  JobNotFoundError,
  NoOutboundAgentError,
  NotReschedulableError,
  NotStartableError,
  PhoneNumberNotFoundError,
  StartReceiptNotFoundError,
  VersionMismatchError,
} from '../../batch-jobs/errors.js';
import type { Schedule } from '../../batch-jobs/schedule.js';
import { InvalidSignatureError } from '../../calling/dialers/invalid-signature.error.js';
import { PastScheduledTimeError, RedisUnavailableError, StartTooFarError } from '../../scheduling/schedule.errors.js';
import { TimezoneService } from '../../scheduling/timezone.service.js';
import { DomainError, type ErrorCode } from '../../shared/domain-error.js';
import { IdempotencyInProgressError, IdempotencyKeyReusedError } from '../../shared/idempotency.js';
import { SETTING_DEFAULTS } from '../../shared/settings.js';
import { UnavailableError } from '../../shared/unavailable.error.js';
import {
  bodyTimeout,
  BodyTooLargeError,
  InvalidInputError,
  OrganizationMismatchError,
  UnsupportedCodingError,
} from './api.errors.js';
import { BODY_SILENCE_MS } from './body-silence.js';
import { MAX_BODY_BYTES } from './json-body.js';
import { toProblem, type Problem } from './problem.js';
import { BOUNDS, mustBeWhole } from './bounds.js';

const REQUEST_ID = 'req_01KAS5Z7M2Q4R6T8V0X2Z4B6D8';

/** What is said of one input. */
export const refusal = (
  code: ErrorCode,
  parameter: string,
  detail: string,
  facts?: Readonly<Record<string, unknown>>,
): DomainError => new InvalidInputError(code, `'${parameter}' ${detail}`, [{ parameter, detail }], facts);

const timezones = new TimezoneService();

/** What is said of a start that means no instant, or two. */
const refusedStart = (schedule: Schedule): DomainError => {
  try {
    timezones.resolve(schedule);
  } catch (error) {
    if (error instanceof DomainError) return error;
  }
  throw new Error(`not an example of a refused start: ${schedule.startTime}`);
};

const TOO_SHORT = { row: 2, reason: 'The phone number is too short for its country code.' };

/** For each code what a caller can meet, made by the code that refuses. */
const EXAMPLES: Readonly<Record<ErrorCode, readonly Error[]>> = {
  already_running: [new NotStartableError('running')],
  already_terminal: [new AlreadyTerminalError('completed')],
  call_not_found: [new CallNotFoundError()],
  idempotency_in_progress: [new IdempotencyInProgressError()],
  idempotency_key_reused: [new IdempotencyKeyReusedError()],
  insufficient_credits: [new InsufficientCreditsError(34.58, 12)],
  insufficient_scope: [new InsufficientScopeError('jobs:write')],
  internal_error: [new Error('whose words are not shown')],
  invalid_api_key: [new InvalidApiKeyError()],
  invalid_contact_status: [
    refusal('invalid_contact_status', 'contactStatus', `must be one of ${CONTACT_STATUSES.join(', ')}.`),
  ],
  invalid_csv: [
    new InvalidCsvError("The column 'phone' appears twice in the header row. Rename or delete one.", {
      row: 1,
      column: 'phone',
    }),
  ],
  invalid_datetime: [
    refusedStart({ startTime: '' }),
    refusedStart({ startTime: '01.03.2025 10:00' }),
    refusedStart({ startTime: '2025-02-29T10:00:00' }),
    refusedStart({ startTime: '2025-03-01T10:00:00+01:00', timezone: 'America/New_York' }),
    refusedStart({ startTime: '2025-03-09T02:30:00', timezone: 'America/New_York', disambiguation: 'reject' }),
    refusedStart({ startTime: '2025-11-02T01:30:00', timezone: 'America/New_York', disambiguation: 'reject' }),
    new StartTooFarError(SETTING_DEFAULTS.maxScheduleDays),
  ],
  invalid_page: [refusal('invalid_page', 'page', mustBeWhole(1, BOUNDS.page))],
  invalid_page_size: [refusal('invalid_page_size', 'pageSize', mustBeWhole(1, BOUNDS.jobsOnPage))],
  invalid_phone_format: [new InvalidPhoneFormatError(2, [{ ...TOO_SHORT, row: 1 }, TOO_SHORT])],
  invalid_request: [refusal('invalid_request', 'timeZone', "is not known here. Did you mean 'timezone'?")],
  invalid_signature: [new InvalidSignatureError()],
  invalid_status: [new NotReschedulableError('running')],
  invalid_timezone: [refusedStart({ startTime: '2025-03-01T10:00:00', timezone: 'America/NewYork' })],
  job_not_found: [new JobNotFoundError()],
  missing_phone_column: [
    MissingPhoneColumnError.among(['name', 'number', 'city'], null),
    MissingPhoneColumnError.several(['mobile', 'telephone']),
  ],
  no_outbound_agent: [new NoOutboundAgentError('phone_demo', false)],
  no_valid_contacts: [
    new NoValidContactsError(`No row of the file can be called. Row 2: ${TOO_SHORT.reason}`, [TOO_SHORT]),
  ],
  organization_mismatch: [new OrganizationMismatchError()],
  past_scheduled_time: [
    new PastScheduledTimeError(timezones.resolve({ startTime: '2025-03-01T10:00:00', timezone: 'America/New_York' })),
  ],
  payload_too_large: [new BodyTooLargeError(MAX_BODY_BYTES)],
  phone_number_not_found: [new PhoneNumberNotFoundError('phone_abc123')],
  rate_limited: [new RateLimitedError(42, SETTING_DEFAULTS.rateLimitPerMinute)],
  redis_unavailable: [new RedisUnavailableError()],
  request_timeout: [bodyTimeout(BODY_SILENCE_MS)],
  route_not_found: [],
  start_receipt_not_found: [new StartReceiptNotFoundError('scheduled', { scheduledStartTime: '2027-03-01T15:00:00Z' })],
  too_many_at_once: [new TooManyAtOnceError('uploads', SETTING_DEFAULTS.maxUploadsPerKey, 'key')],
  too_many_contacts: [TooManyContactsError.ofContacts(SETTING_DEFAULTS.maxContacts)],
  unavailable: [new UnavailableError(null)],
  unsupported_media_type: [new UnsupportedCodingError()],
  version_mismatch: [new VersionMismatchError('"3.4"')],
};

const nameOf = ({ code, reason }: Problem): string => (typeof reason === 'string' ? `${code} (${reason})` : code);

/**
 * Bodies to show for one code, by a name that begins with it.
 *
 * @param own what the route says itself; other codes are left out
 */
export const problemExamples = (code: ErrorCode, own: readonly DomainError[]): Record<string, { value: Problem }> => {
  const ofRoute = own.filter((error) => error.code === code);
  const shown = ofRoute.length > 0 ? ofRoute : EXAMPLES[code];
  const problems = shown.map((error) => toProblem(error, REQUEST_ID));
  return Object.fromEntries(problems.map((value) => [nameOf(value), { value }]));
};
