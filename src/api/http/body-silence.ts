import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyTimeout } from './api.errors.js';
import { answerTo } from './problem-answer.js';

/**
 * Longest that a body may be silent: as long as headers may take, and longer than a line that is only bad is silent.
 */
export const BODY_SILENCE_MS = 15_000;

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Ends a request whose body stops arriving: it is answered, unless it was before, and its connection closed. Whoever
 * reads the body sees a client that went away.
 */
export const endWhenSilent = (
  request: IncomingMessage,
  response: ServerResponse,
  silenceMs: number = BODY_SILENCE_MS,
): void => {
  if (!hasBody(request) || request.complete) return;
  const { socket } = request;
  // In the context of the request, whose id the answer has.
  const end = AsyncResource.bind((bytesRead: number): void => {
    if (socket.bytesRead > bytesRead) return;
    if (response.writableFinished) return void socket.destroy();
    if (response.headersSent) return;
    const { problem, headers } = answerTo(bodyTimeout(silenceMs));
    response.once('finish', () => socket.destroy());
    response.writeHead(problem.status, { ...headers, Connection: 'close' }).end(JSON.stringify(problem));
  });
  // After a moment in which this process was busy, timers come before what has arrived meanwhile.
  request.setTimeout(silenceMs, () => void setImmediate(end, socket.bytesRead));
  response.once('finish', () => {
    // Refused before it was read: Node.js waits for the rest, and has just set the time of a connection kept alive.
    if (request.complete) return;
    const keptAlive = socket.timeout ?? 0;
    socket.setTimeout(silenceMs);
    request.once('end', () => socket.setTimeout(keptAlive));
  });
  request.once('end', () => {
    // After the answer the time is that of a connection kept alive.
    if (!response.writableFinished) socket.setTimeout(0);
  });
};
