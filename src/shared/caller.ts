import type { IdempotentRequest } from './idempotent-request.js';

/** On whose behalf something is done. Everything it reaches belongs to `organizationId`. */
export interface Caller {
  readonly organizationId: string;
  /** Written into the history: the id of an API key, or the name a host application gives itself. */
  readonly actor: string;
  /** Null when no request was the cause. */
  readonly requestId: string | null;
  /** Undefined: the request has no name, and repeating it does it again. */
  readonly idempotent?: IdempotentRequest;
}
