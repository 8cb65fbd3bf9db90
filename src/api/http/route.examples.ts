import { BATCH_JOB_STATUSES } from '../../batch-jobs/batch-job.status.js';
import { ContactListTooLargeError } from '../../batch-jobs/contact-list/contact-list.errors.js';
import { NotExportableError } from '../../batch-jobs/errors.js';
import { SETTING_DEFAULTS } from '../../shared/settings.js';
import { UnsupportedMediaTypeError } from './api.errors.js';
import { ONE_OF_TWO_TYPES } from '../contact-lists/contact-list.interceptor.js';
import { refusal } from './problem.examples.js';

/** What the routes say themselves under codes that they share with others. */
export const CREATE_PROBLEMS = [
  refusal('invalid_request', 'concurrentCallLimit', 'must be a whole number from 1 to 50.'),
  new ContactListTooLargeError(SETTING_DEFAULTS.maxUploadBytes),
  new UnsupportedMediaTypeError(ONE_OF_TWO_TYPES),
];

export const LIST_PROBLEMS = [
  refusal('invalid_request', 'pagesize', "is not known here. Did you mean 'pageSize'?"),
  refusal('invalid_status', 'status', `must be one of ${BATCH_JOB_STATUSES.join(', ')}.`),
  refusal(
    'invalid_datetime',
    'startsAfter',
    "must be an instant with 'Z' or an offset, such as 2027-03-01T15:00:00Z.",
    {
      reason: 'format',
    },
  ),
];

export const DETAIL_PROBLEMS = [
  refusal('invalid_request', 'contactsPagesize', "is not known here. Did you mean 'contactsPageSize'?"),
  refusal('invalid_page', 'contactsPage', 'must be a whole number from 1 to 1000000.'),
  refusal('invalid_page_size', 'contactsPageSize', 'must be a whole number from 1 to 500.'),
];

export const CONTACTS_PROBLEMS = [
  refusal('invalid_request', 'contactsPage', 'is not known here. Known: contactStatus, page, pageSize, cursor.'),
  refusal('invalid_page_size', 'pageSize', 'must be a whole number from 1 to 500.'),
];

export const EXPORT_PROBLEMS = [
  new NotExportableError('running'),
  refusal('invalid_request', 'filter', 'must be one of all, successful, failed, uncalled.'),
];

export const HISTORY_PROBLEMS = [
  refusal('invalid_request', 'limit', 'is not known here. Known: pageSize, cursor.'),
  refusal('invalid_page', 'cursor', "is not a cursor of this list. Use the 'nextCursor' of a page, or leave it out."),
  refusal('invalid_page_size', 'pageSize', 'must be a whole number from 1 to 200.'),
];

export const CHANGE_PROBLEMS = [
  refusal('invalid_request', 'concurrentCallLimit', 'must be a whole number from 1 to 50.'),
  new UnsupportedMediaTypeError("Send the body as 'application/json'."),
];

/** Of a route that takes a reason. */
export const REASON_TOO_LONG = refusal('invalid_request', 'reason', 'must have 1 to 200 characters.');

/** Of a route that has no parameters. */
export const NO_PARAMETER = refusal('invalid_request', 'force', 'is not known here. None is known here.');
