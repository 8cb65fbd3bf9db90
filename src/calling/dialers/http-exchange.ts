import { setTimeout as sleep } from 'node:timers/promises';

/** Longest answer that is read; one that says what became of a call has a few hundred bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024;

// Between two tries of a request that was certainly not taken: a restart of the other side is over within seconds.
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;

const TOO_MANY_REQUESTS = 429;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Null when it is longer than any answer may be, or was cut off. */
  readonly text: string | null;
}

/** No connection came about: the request was certainly not received. */
export class NotSentError extends Error {
  /** @param code of Node.js or undici: `'ECONNREFUSED'`, `'ENOTFOUND'` */
  constructor(readonly code: string) {
    super(`No connection: ${code}`);
  }

  override get name(): string {
    return NotSentError.name;
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
 * Sends one request. Redirects are not followed: a signed call goes where it was meant to go, or nowhere.
 *
 * @throws NotSentError     it was certainly not received
 * @throws UnansweredError  it may have been
 */
export async function exchange(url: URL, init: RequestInit): Promise<HttpAnswer> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual' });
    return { status: response.status, headers: response.headers, text: await readText(response) };
  } catch (error) {
    throw toExchangeError(error);
  }
}

/**
 * Sends a request that must not be received twice, and sends it again only while it was certainly not taken: no
 * connection, or 429. A call service that restarts would otherwise use up a whole list within seconds.
 *
 * @param request makes each try anew, because a signature has its time
 * @param signal ends the waiting, too
 * @throws NotSentError     there was no connection until the end
 * @throws UnansweredError  it may have been received; or the process ends while it waits
 */
export async function exchangePatiently(
  url: URL,
  request: () => RequestInit,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    const answer = await exchange(url, { ...request(), signal }).catch(notSentOrThrow);
    const isTaken = !(answer instanceof NotSentError) && answer.status !== TOO_MANY_REQUESTS;
    if (!isTaken && (await waits(retryAfterMs(answer) ?? waitMs, signal))) continue;
    if (answer instanceof NotSentError) throw answer;
    return answer;
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

const notSentOrThrow = (error: unknown): NotSentError => {
  if (error instanceof NotSentError) return error;
  throw error;
};

/** @returns false when time is over. @throws UnansweredError  the process ends: not the fault of the other side */
async function waits(ms: number, signal: AbortSignal): Promise<boolean> {
  const isOver = await sleep(ms, undefined, { signal }).then(
    () => false,
    () => true,
  );
  const { name } = (signal.reason ?? {}) as Partial<Error>;
  if (isOver && name !== 'TimeoutError') throw new UnansweredError(name ?? 'aborted');
  return !isOver;
}

/** Of a 429 that says when to come again, in whole seconds. */
const retryAfterMs = (answer: HttpAnswer | NotSentError): number | null => {
  const given = answer instanceof NotSentError ? null : answer.headers.get('retry-after');
  return given !== null && /^\d{1,6}$/.test(given) ? Number(given) * 1_000 : null;
};

async function readText({ body }: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > MAX_ANSWER_BYTES) return null;
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

interface SystemError {
  readonly code?: unknown;
  readonly syscall?: unknown;
  /** Of the addresses of one name that were tried. */
  readonly errors?: readonly SystemError[];
}

const toExchangeError = (error: unknown): NotSentError | UnansweredError => {
  const { name, cause } = error as Error;
  const system = (cause ?? error) as SystemError;
  // What a signal gives as its reason has a number for a code.
  const code = typeof system.code === 'string' ? system.code : name;
  return hasNoConnection(system) ? new NotSentError(code) : new UnansweredError(code);
};

const hasNoConnection = ({ code, syscall, errors }: SystemError): boolean => {
  if (errors) return errors.every(hasNoConnection);
  if (syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT') return true;
  // A certificate is judged before anything is sent: CERT_HAS_EXPIRED, DEPTH_ZERO_SELF_SIGNED_CERT, UNABLE_TO_VERIFY_…
  return typeof code === 'string' && /CERT|^UNABLE_TO_/.test(code);
};
