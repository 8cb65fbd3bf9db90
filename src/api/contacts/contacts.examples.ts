import { NotExportableError } from '../../batch-jobs/errors.js';
import { refusal } from '../http/problem.examples.js';

/** What the routes say themselves under codes that they share with others. */
export const CONTACTS_PROBLEMS = [
  refusal('invalid_request', 'contactsPage', 'is not known here. Known: contactStatus, page, pageSize, cursor.'),
  refusal('invalid_page_size', 'pageSize', 'must be a whole number from 1 to 500.'),
];

export const EXPORT_PROBLEMS = [
  new NotExportableError('running'),
  refusal('invalid_request', 'filter', 'must be one of all, successful, failed, uncalled.'),
];
