import { refusal } from '../http/problem.examples.js';
import { BOUNDS, mustBeWhole } from '../http/bounds.js';

/** What the routes say themselves under codes that they share with others. */
export const HISTORY_PROBLEMS = [
  refusal('invalid_request', 'limit', 'is not known here. Known: pageSize, cursor.'),
  refusal('invalid_page', 'cursor', "is not a cursor of this list. Use the 'nextCursor' of a page, or leave it out."),
  refusal('invalid_page_size', 'pageSize', mustBeWhole(1, BOUNDS.changesOnPage)),
];
