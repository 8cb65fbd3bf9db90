import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

// Short beside any request; a connection kept alive would hold the process for 72 s.
const LET_GO_INTERVAL_MS = 50;

// A request that was sent when the end began has its first byte here by then.
const BEGIN_WITHIN_MS = 1_000;

// Contact lists are sent again; nobody else takes so long to send what is complete in one packet.
const ARRIVE_WITHIN_MS = 4_000;

// Above what the database and Redis let any request take (5 s for a statement, 2 s for a connection). What is left then
// is an answer that its client does not read.
const ANSWER_WITHIN_MS = 10_000;

/** What a server that ends still waits for, by the time since the end began. */
interface Patience {
  readonly afterMs: number;
  /** @param request null: none has come, or not all of its headers */
  readonly isOver: (request: IncomingMessage | null) => boolean;
}

const PATIENCE: readonly Patience[] = [
  { afterMs: BEGIN_WITHIN_MS, isOver: (request) => request === null },
  { afterMs: ARRIVE_WITHIN_MS, isOver: (request) => request === null || !request.complete },
  { afterMs: ANSWER_WITHIN_MS, isOver: () => true },
];

/** The last request of a connection. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const openRequestOf = (exchange: Exchange | null): IncomingMessage | null =>
  exchange && !exchange.response.closed ? exchange.request : null;

/**
 * The connections of a server, and the request that each carries: Node.js itself takes one on which nothing was ever
 * sent for a busy one, and waits for it.
 */
export class Connections {
  private readonly exchanges = new Map<Socket, Exchange | null>();

  constructor(private readonly server: Server) {
    server.on('connection', (socket: Socket) => {
      this.exchanges.set(socket, null);
      socket.once('close', () => this.exchanges.delete(socket));
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (this.exchanges.has(request.socket)) this.exchanges.set(request.socket, { request, response });
    });
  }

  /**
   * Lets connections go while `close` closes the server: at once those that have answered, and what does not come to an
   * end when its time is over. Whoever has sent a request is answered.
   */
  async during(close: () => Promise<void>): Promise<void> {
    const begun = performance.now();
    const lettingGo = setInterval(() => this.letGo(performance.now() - begun), LET_GO_INTERVAL_MS);
    try {
      await close();
    } finally {
      clearInterval(lettingGo);
    }
  }

  private letGo(sinceMs: number): void {
    this.server.closeIdleConnections();
    for (const { afterMs, isOver } of PATIENCE) {
      if (sinceMs < afterMs) return;
      for (const [socket, exchange] of this.exchanges) if (isOver(openRequestOf(exchange))) socket.destroy();
    }
  }
}
