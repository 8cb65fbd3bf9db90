import { refusal } from './problem.examples.js';
import { BOUNDS, mustHaveCharacters } from './bounds.js';

/** Of a route that takes a reason. */
export const REASON_TOO_LONG = refusal('invalid_request', 'reason', mustHaveCharacters(BOUNDS.reason));

/** Of a route that has no parameters. */
export const NO_PARAMETER = refusal('invalid_request', 'force', 'is not known here. None is known here.');
