import { createParser } from 'eventsource-parser';
import { eventually } from './eventually.js';

export interface ReadEvent {
  readonly event: string;
  readonly id: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads any data
  readonly data: any;
}

/** A connection to a stream of events, and what came of it. */
export class EventReader {
  readonly events: ReadEvent[] = [];
  readonly comments: string[] = [];
  retryMs: number | null = null;
  /** The service has ended the stream, properly or not. */
  isClosed = false;
  private readonly gone = new AbortController();

  private constructor(readonly response: Response) {}

  static async open(url: string, key: string, lastEventId?: string): Promise<EventReader> {
    const gone = new AbortController();
    const headers = {
      authorization: `Bearer ${key}`,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    };
    const response = await fetch(url, { headers, signal: gone.signal });
    const reader = new EventReader(response);
    reader.gone.signal.addEventListener('abort', () => gone.abort());
    void reader.read();
    return reader;
  }

  of(name: string): ReadEvent[] {
    return this.events.filter(({ event }) => event === name);
  }

  get names(): string[] {
    return this.events.map(({ event }) => event);
  }

  /** Waits until the last event of a name passes the check. @returns it */
  async sees(
    name: string,
    passes: (data: ReadEvent['data']) => boolean = () => true,
    withinMs?: number,
  ): Promise<ReadEvent> {
    return eventually(() => {
      const last = this.of(name).at(-1);
      if (!last || !passes(last.data)) throw new Error(`not yet: ${name}\n${JSON.stringify(this.events, null, 1)}`);
      return last;
    }, withinMs);
  }

  async closed(): Promise<void> {
    await eventually(() => {
      if (!this.isClosed) throw new Error('the stream goes on');
    });
  }

  leave(): void {
    this.gone.abort();
  }

  private async read(): Promise<void> {
    const parser = createParser({
      onEvent: ({ event = 'message', id = '', data }) => this.events.push({ event, id, data: JSON.parse(data) }),
      onComment: (comment) => this.comments.push(comment),
      onRetry: (ms) => (this.retryMs = ms),
    });
    try {
      const decoder = new TextDecoder();
      const chunks = (this.response.body ?? []) as AsyncIterable<Uint8Array>;
      for await (const bytes of chunks) parser.feed(decoder.decode(bytes, { stream: true }));
    } catch {
      // It was left, or broke: that it is over is what counts.
    }
    this.isClosed = true;
  }
}
