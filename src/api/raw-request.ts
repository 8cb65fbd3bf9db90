import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request as an adapter hands it on: Node's own, or one that wraps it. */
export type AdapterRequest = IncomingMessage | { readonly raw: IncomingMessage; readonly originalUrl: string };

/** Node's request, which is the same under every adapter. */
export const rawRequest = (request: AdapterRequest): IncomingMessage => ('raw' in request ? request.raw : request);

/** A response as an adapter hands it on: Node's own, or one that wraps it. */
export type AdapterResponse = ServerResponse | { readonly raw: ServerResponse };

/** Node's response, which is the same under every adapter. */
export const rawResponse = (response: AdapterResponse): ServerResponse => ('raw' in response ? response.raw : response);
