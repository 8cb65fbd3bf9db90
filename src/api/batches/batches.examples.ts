import { BATCH_JOB_STATUSES } from '../../batch-jobs/batch-job.status.js';
import { ContactListTooLargeError } from '../../batch-jobs/contact-list/contact-list.errors.js';
import { SETTING_DEFAULTS } from '../../shared/settings.js';
import { ONE_OF_TWO_TYPES } from '../contact-lists/contact-list.body.js';
import { UnsupportedMediaTypeError } from '../http/api.errors.js';
import { refusal } from '../http/problem.examples.js';
import { BOUNDS, mustBeWhole } from '../http/bounds.js';

/** What the routes say themselves under codes that they share with others. */
export const CREATE_PROBLEMS = [
  refusal('invalid_request', 'concurrentCallLimit', mustBeWhole(1, BOUNDS.concurrentCallLimit)),
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
  refusal('invalid_page', 'contactsPage', mustBeWhole(1, BOUNDS.page)),
  refusal('invalid_page_size', 'contactsPageSize', mustBeWhole(1, BOUNDS.contactsOnPage)),
];

export const CHANGE_PROBLEMS = [
  refusal('invalid_request', 'concurrentCallLimit', mustBeWhole(1, BOUNDS.concurrentCallLimit)),
  new UnsupportedMediaTypeError("Send the body as 'application/json'."),
];
