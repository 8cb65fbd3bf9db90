import { OptionalReasonField } from './fields.js';

/** The query of a change that may be given a reason. */
export class ReasonQuery {
  @OptionalReasonField() reason?: string;
}
