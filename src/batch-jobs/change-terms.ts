import type { EntityTag } from './entity-tag.js';

/** What a caller says of a change beside the change itself. */
export interface ChangeTerms {
  /** Why, in the caller's words, at most 200 characters; it lands in the history. Undefined: no reason is given. */
  readonly reason?: string;
  /** The change is made only to a job with one of these tags. Undefined: to whatever is there. */
  readonly ifMatch?: readonly EntityTag[];
}
