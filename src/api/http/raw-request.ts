import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request as an adapter hands it on: Node's own, or one that wraps it. */
export type AdapterRequest = IncomingMessage | { readonly raw: IncomingMessage; readonly originalUrl: string };

/** Node's request, which is the same under every adapter. */
export const rawRequest = (request: AdapterRequest): IncomingMessage => ('raw' in request ? request.raw : request);

/** A response as an adapter hands it on: Node's own, or one that wraps it. */
export type AdapterResponse = ServerResponse | { readonly raw: ServerResponse };

/** Node's response, which is the same under every adapter. */
export const rawResponse = (response: AdapterResponse): ServerResponse => ('raw' in response ? response.raw : response);

/** Runs when a response is over, sent or broken off; at once when it is. */
export const whenOver = (response: AdapterResponse, then: () => void): void => {
  const raw = rawResponse(response);
  if (raw.closed) then();
  else raw.once('close', then);
};
