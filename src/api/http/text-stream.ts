import { Logger, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import { DomainError } from '../../shared/domain-error.js';
import { requestContext } from '../../shared/request-context.js';

const logger = new Logger('TextStream');

interface StreamHeaders {
  readonly type: string;
  readonly disposition?: string;
}

/**
 * An answer that is sent while it is made, under any adapter: a piece is asked for when the client has read those before,
 * and none when it is gone. A failure breaks the connection, so that nobody takes the beginning for the whole. The first
 * piece must not fail: before it, nothing was sent that could be broken.
 */
export const textStream = (pieces: AsyncIterable<string>, headers: StreamHeaders): StreamableFile => {
  const requestId = requestContext.getStore()?.requestId;
  const file = new StreamableFile(Readable.from(reporting(pieces, requestId), { objectMode: false }), headers);
  return file.setErrorLogger(() => undefined);
};

/** Nest would log the error itself, with what a driver adds to it. */
async function* reporting(pieces: AsyncIterable<string>, requestId: string | undefined): AsyncGenerator<string> {
  try {
    yield* pieces;
  } catch (error) {
    const { name, stack } = error as Error;
    const trace = error instanceof DomainError ? undefined : stack;
    logger.error('answer broken off', { requestId, reason: name, trace });
    throw error;
  }
}
