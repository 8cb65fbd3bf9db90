import { NotExportableError } from '../../batch-jobs/errors.js';
import { refusal } from '../http/problem.examples.js';
import { BOUNDS, mustBeWhole } from '../http/bounds.js';

/** What the routes say themselves under codes that they share with others. */
export const CONTACTS_PROBLEMS = [
  refusal('invalid_request', 'contactsPage', 'is not known here. Known: contactStatus, page, pageSize, cursor.'),
  refusal('invalid_page_size', 'pageSize', mustBeWhole(1, BOUNDS.contactsOnPage)),
];

export const EXPORT_PROBLEMS = [
  new NotExportableError('running'),
  refusal('invalid_request', 'filter', 'must be one of all, successful, failed, uncalled.'),
];
