import type { IncomingMessage } from 'node:http';
import type { AdapterRequest, AdapterResponse } from './raw-request.js';

/** A request and its answer, as the adapter hands them on. */
export interface Exchange {
  readonly request: AdapterRequest & { readonly headers: IncomingMessage['headers']; body?: unknown };
  readonly response: AdapterResponse;
}

/** What a route takes as its body: judged, or read, before anything else looks into it. */
export abstract class RequestBody {
  /**
   * @returns what is to be let go of once the request has been carried out; undefined: nothing
   * @throws what is wrong with the body
   */
  abstract take(exchange: Exchange): (() => void) | undefined | Promise<(() => void) | undefined>;
}
