import type { IncomingMessage } from 'node:http';

/** A request as an adapter hands it on: Node's own, or one that wraps it. */
export type AdapterRequest = IncomingMessage | { readonly raw: IncomingMessage; readonly originalUrl: string };

/** Node's request, which is the same under every adapter. */
export const rawRequest = (request: AdapterRequest): IncomingMessage => ('raw' in request ? request.raw : request);
