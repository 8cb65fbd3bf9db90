import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { BodyTooLargeError, invalidForm } from '../http/api.errors.js';

// What is in a body beside its list: a form's boundaries, headers and fields, or the other fields of JSON.
export const UPLOAD_OVERHEAD_BYTES = 64 * 1024;

const SPLIT = 'Split the contact list into several batches.';

/**
 * Feeds a body to a sink as it arrives, no faster than the sink takes it. The first failure ends the reading; the rest
 * of the body is let pass, so that the client sees the answer.
 *
 * @param maxBytes a body that must be longer, or becomes longer, is refused unread
 * @param open opens the sink; may report a failure that is not an `error` of the sink itself
 * @throws payload_too_large  more bytes than that
 * @throws invalid_request    the client went away
 */
export async function receive(
  request: IncomingMessage,
  maxBytes: number,
  open: (fail: (error: Error) => void) => Writable,
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      limitLength(request, maxBytes, reject);
      const sink = open(reject);
      request.on('error', reject);
      request.on('aborted', () => reject(invalidForm('The upload was cut off.')));
      sink.on('error', reject);
      sink.on('finish', resolve);
      request.pipe(sink);
    });
  } finally {
    request.unpipe();
    request.resume();
  }
}

/** A sink may read for ever: what is before the first boundary of a form and behind its last one has no limit there. */
const limitLength = (request: IncomingMessage, maxBytes: number, reject: (error: Error) => void): void => {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new BodyTooLargeError(maxBytes, SPLIT);
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) reject(new BodyTooLargeError(maxBytes, SPLIT));
  });
};
