import { BATCH_JOB_STATUSES } from '../../batch-jobs/batch-job.status.js';
import { ContactListTooLargeError } from '../../batch-jobs/contact-list/contact-list.errors.js';
import { SETTING_DEFAULTS } from '../../shared/settings.js';
import { ONE_OF_TWO_TYPES } from '../contact-lists/contact-list.interceptor.js';
import { UnsupportedMediaTypeError } from '../http/api.errors.js';
import { refusal } from '../http/problem.examples.js';

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

export const CHANGE_PROBLEMS = [
  refusal('invalid_request', 'concurrentCallLimit', 'must be a whole number from 1 to 50.'),
  new UnsupportedMediaTypeError("Send the body as 'application/json'."),
];
