import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { setTimeout as sleep } from 'node:timers/promises';

// The service says more often that nothing is new (15 s): a connection that is silent for longer is dead.
const SILENCE_MS = 45_000;

// Until the service says how long to wait.
const RETRY_MS = 2_000;

/** What cannot be watched, in the words of the service. */
class RefusedError extends Error {}

/** The connection broke, or could not be made. */
class LostError extends Error {}

/**
 * The events of a stream until its `end`, over as many connections as it takes: what happened between two of them comes
 * with the next one.
 *
 * @param onLost is told each time that the connection was lost
 * @throws when the first connection cannot be made
 * @throws RefusedError  the service does not let it be watched
 */
export async function* readEvents(
  url: string,
  key: string,
  onLost: () => void,
): AsyncGenerator<EventSourceMessage, void, void> {
  const last = { id: '', retryMs: RETRY_MS, isKnown: false };
  for (;;) {
    try {
      for await (const message of connect(url, key, last)) {
        yield message;
        if (message.event === 'end') return;
      }
    } catch (error) {
      if (!(error instanceof LostError) || !last.isKnown) throw error;
    }
    onLost();
    await sleep(last.retryMs);
  }
}

interface Last {
  /** Of the last event; empty before the first. */
  id: string;
  retryMs: number;
  /** There was a connection. */
  isKnown: boolean;
}

async function* connect(url: string, key: string, last: Last): AsyncGenerator<EventSourceMessage, void, void> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await open(url, key, last, silence.signal);
    last.isKnown = true;
    const messages: EventSourceMessage[] = [];
    const parser = createParser({
      onEvent: (message) => messages.push(message),
      onRetry: (retryMs) => (last.retryMs = retryMs),
    });
    for await (const text of textOf(response)) {
      timer.refresh();
      parser.feed(text);
      for (const message of messages.splice(0)) {
        last.id = message.id ?? last.id;
        yield message;
      }
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

async function open(url: string, key: string, { id }: Last, signal: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, ...(id !== '' && { 'last-event-id': id }) };
  const response = await fetch(url, { headers, signal }).catch((error: unknown) => {
    throw new LostError(
      `Nothing answers at ${new URL(url).origin}. Start the service, or name its address with --url.`,
      {
        cause: error,
      },
    );
  });
  if (response.ok && response.body) return response;
  const problem = (await response.json().catch(() => ({}))) as { detail?: string };
  const detail = problem.detail ?? `The service answers with ${response.status}.`;
  // It may be over by the next time.
  throw response.status >= 500 || response.status === 429 ? new LostError(detail) : new RefusedError(detail);
}

async function* textOf(response: Response): AsyncGenerator<string, void, void> {
  try {
    const decoder = new TextDecoder();
    for await (const bytes of response.body as AsyncIterable<Uint8Array>) yield decoder.decode(bytes, { stream: true });
  } catch (error) {
    throw new LostError('The connection was lost.', { cause: error });
  }
}
