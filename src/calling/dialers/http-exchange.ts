import { once } from 'node:events';
import { Agent, request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { callSnooze, type CallSnooze } from '../../batch-jobs/call.snooze.js';
import { WITHDRAWN, type Permission, type WithdrawnCall } from '../dialer.js';

/** Longest answer that is read; one that says what became of a call has a few hundred bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024;

// Servers let go of an idle connection after 5 s (Node.js) and more: one that is closed just as it is used leaves its
// call unknown.
const IDLE_CONNECTION_MS = 4_000;

const keepAlive = { keepAlive: true, timeout: IDLE_CONNECTION_MS };
const agent = new Agent(keepAlive);
const tlsAgent = new TlsAgent(keepAlive);

export interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: none. */
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Null when it is longer than any answer may be, or was cut off. */
  readonly text: string | null;
}

/** No connection came about, or it was gone before anything was written: the request was certainly not received. */
export class NotSentError extends Error {
  /**
   * @param code of Node.js: `'ECONNREFUSED'`, `'ENOTFOUND'`, `'CERT_HAS_EXPIRED'`; `'ETIMEDOUT'` also when time was
   * over
   */
  constructor(readonly code: string) {
    super(`No connection: ${code}`);
  }

  override get name(): string {
    return NotSentError.name;
  }
}

/** Nothing was written, because nothing may be: it is not permitted any more, or the process ends. */
export class WithdrawnError extends Error {
  override get name(): string {
    return WithdrawnError.name;
  }
}

/** Time ran out, or the connection was cut: nobody knows whether the request was received. */
export class UnansweredError extends Error {
  constructor(code: string) {
    super(`No answer: ${code}`);
  }

  override get name(): string {
    return UnansweredError.name;
  }
}

/** There is an answer, and it does not tell whether a call was placed. */
export class UnclearAnswerError extends Error {
  override get name(): string {
    return UnclearAnswerError.name;
  }
}

/**
 * Sends one request, once. Not a byte of it is written before there is a connection (for `https:` one whose certificate
 * was judged) and the permission was asked: what fails before was certainly not received, whatever it is called.
 *
 * Redirects are not followed: a signed call goes where it was meant to go, or nowhere.
 *
 * @param signal nothing is written after it has risen
 * @param isPermitted asked when all is ready; what it throws is thrown, and nothing is sent
 * @throws NotSentError     it was certainly not received
 * @throws WithdrawnError   the same, and nobody is at fault
 * @throws UnansweredError  it may have been received
 */
export async function exchange(
  url: URL,
  { method, headers, body }: HttpRequest,
  signal: AbortSignal,
  isPermitted: Permission = async () => true,
): Promise<HttpAnswer> {
  if (signal.aborted) throw notSent(signal, null);
  const isTls = url.protocol === 'https:';
  const request = isTls
    ? requestHttps(url, { method, headers, agent: tlsAgent })
    : requestHttp(url, { method, headers, agent });
  const giveUp = (): void => void request.destroy(new Error('given up'));
  signal.addEventListener('abort', giveUp, { once: true });
  // Each step below waits for it as well; between them it must not end the process.
  request.on('error', () => undefined);
  try {
    await makeReady(request, isTls ? 'secureConnect' : 'connect', signal, isPermitted);
    return await send(request, body, signal);
  } catch (error) {
    request.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** JSON of an answer; undefined for what is none. */
export const toJson = (text: string | null): unknown => {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
};

/**
 * A request that was certainly not sent, as what became of its call.
 *
 * @throws whatever else it is, which leaves it unknown
 */
export const unsent = (error: unknown): CallSnooze | WithdrawnCall => {
  if (error instanceof WithdrawnError) return WITHDRAWN;
  if (error instanceof NotSentError) return callSnooze('provider_unreachable', { errorCode: error.code });
  throw error;
};

async function makeReady(
  request: ClientRequest,
  connected: 'connect' | 'secureConnect',
  signal: AbortSignal,
  isPermitted: Permission,
): Promise<void> {
  let isAnswered = false;
  request.once('response', () => (isAnswered = true));
  try {
    const [socket] = (await happens(request, request, 'socket')) as [Socket];
    if (!request.reusedSocket) await happens(request, socket, connected);
  } catch (error) {
    throw notSent(signal, error);
  }
  if (!(await isPermitted())) throw new WithdrawnError();
  // Who answers what was not asked yet is no call service.
  if (signal.aborted || request.destroyed || isAnswered) throw notSent(signal, null);
}

async function send(request: ClientRequest, body: string | undefined, signal: AbortSignal): Promise<HttpAnswer> {
  request.end(body);
  try {
    const [response] = (await happens(request, request, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, headers: response.headers, text: await readText(response) };
  } catch (error) {
    throw new UnansweredError(signal.aborted ? (signal.reason as Error).name : codeOf(error));
  }
}

/** Waits for an event of a request or its socket; rejects when the request ends before. */
const happens = (request: ClientRequest, emitter: ClientRequest | Socket, event: string): Promise<unknown[]> =>
  Promise.race([
    once(emitter, event),
    once(request, 'close').then(() => {
      throw new Error('closed');
    }),
  ]);

const CLOSED = 'ECONNRESET';

const notSent = ({ aborted, reason }: AbortSignal, error: unknown): NotSentError | WithdrawnError => {
  if (!aborted) return new NotSentError(codeOf(error));
  // The end of this process says nothing of the other side.
  return (reason as Error).name === 'TimeoutError' ? new NotSentError('ETIMEDOUT') : new WithdrawnError();
};

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : CLOSED;
};

async function readText(response: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      if (bytes > MAX_ANSWER_BYTES) return null;
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}
