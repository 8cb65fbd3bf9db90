import { refusal } from './problem.examples.js';

/** Of a route that takes a reason. */
export const REASON_TOO_LONG = refusal('invalid_request', 'reason', 'must have 1 to 200 characters.');

/** Of a route that has no parameters. */
export const NO_PARAMETER = refusal('invalid_request', 'force', 'is not known here. None is known here.');
