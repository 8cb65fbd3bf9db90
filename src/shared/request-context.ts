import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known of the request being served, wherever its code has got to. */
export interface RequestContext {
  readonly requestId: string;
}

/** Empty outside a request. */
export const requestContext = new AsyncLocalStorage<RequestContext>();
