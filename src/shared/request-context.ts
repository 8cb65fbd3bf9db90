import { AsyncLocalStorage } from 'node:async_hooks';
import type { RedisPatience } from './redis-patience.js';

/** What is known of the request being served, wherever its code has got to. */
export interface RequestContext {
  readonly requestId: string;
  /** Undefined: each question to Redis has 500 ms of its own. */
  readonly redisPatience?: RedisPatience;
}

/** Empty outside a request. */
export const requestContext = new AsyncLocalStorage<RequestContext>();

/** Runs work whose caller knows that it takes its time: each of its questions to Redis may wait for itself. */
export const unhurried = <T>(work: () => Promise<T>): Promise<T> => {
  const context = requestContext.getStore();
  return context ? requestContext.run({ ...context, redisPatience: undefined }, work) : work();
};
