import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** What the server says passes here, late when asked for. */
  readonly answers: Transform;
}

/** What becomes of connections and their bytes. */
type Behaviour = 'forward' | 'swallow';

/** A way to a server that a test can break: refused, silent, slow, half-open or reset. It starts whole. */
export class TcpProxy {
  private readonly pairs = new Set<Pair>();
  private readonly deaf = new WeakSet<Pair>();
  private behaviour: Behaviour = 'forward';
  private listener: Server | null = null;
  private port = 0;
  private latencyMs = 0;

  private constructor(private target: URL) {}

  /** @param targetUrl with the port of the server; whatever else is in it stays in `url` */
  static async start(targetUrl: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(targetUrl));
    await proxy.listen();
    return proxy;
  }

  /** The address of the server, by way of the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  get connections(): number {
    return this.pairs.size;
  }

  /** New connections lead to another server, as when a name or a virtual address moves; those there are stay where they are. */
  retarget(targetUrl: string): void {
    this.target = new URL(targetUrl);
  }

  /** Whole again, for new connections and for those that were silent, unless they are half-open. */
  async heal(): Promise<void> {
    this.behaviour = 'forward';
    this.latencyMs = 0;
    for (const pair of this.pairs) if (!this.deaf.has(pair)) resume(pair);
    if (!this.listener) await this.listen();
  }

  /** Ends every connection and takes no new one, as a server that is not there. */
  async refuse(): Promise<void> {
    const { listener } = this;
    this.listener = null;
    const closed = listener && once(listener, 'close');
    listener?.close();
    this.reset();
    await closed;
  }

  /** Takes connections and bytes, and answers none: a frozen server, or a firewall that drops. */
  blackhole(): void {
    this.behaviour = 'swallow';
    for (const pair of this.pairs) silence(pair);
  }

  /** Each piece of an answer comes so much later. */
  delay(latencyMs: number): void {
    this.latencyMs = latencyMs;
  }

  /** The connections there are stay open and silent for good, as when the other end lost its power; new ones work. */
  halfOpen(): void {
    for (const pair of this.pairs) {
      this.deaf.add(pair);
      silence(pair);
    }
  }

  /** Ends the connections there are without a farewell (RST); new ones work. */
  reset(): void {
    for (const { client, upstream } of this.pairs) {
      // Node.js 20 loses a socket that is reset while it says good-bye, and then spins when it is to exit.
      if (client.writableEnded) client.destroy();
      else client.resetAndDestroy();
      upstream.destroy();
    }
    this.pairs.clear();
  }

  async stop(): Promise<void> {
    if (this.listener) await this.refuse();
    this.reset();
  }

  private async listen(): Promise<void> {
    // Half-open must stay possible: an end of one side is passed on below, not answered by Node.
    const listener = createServer({ allowHalfOpen: true }, (client) => this.accept(client));
    listener.listen(this.port, '127.0.0.1');
    await once(listener, 'listening');
    this.port = (listener.address() as AddressInfo).port;
    this.listener = listener;
  }

  private accept(client: Socket): void {
    const upstream = connect({ host: this.target.hostname, port: Number(this.target.port), allowHalfOpen: true });
    const answers = new Transform({
      transform: (chunk: Buffer, _encoding, done) => void setTimeout(done, this.latencyMs, null, chunk),
    });
    const pair: Pair = { client, upstream, answers };
    this.pairs.add(pair);
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.pairs.delete(pair);
        client.destroy();
        upstream.destroy();
      });
    }
    answers.pipe(client);
    resume(pair);
    if (this.behaviour === 'swallow') silence(pair);
  }
}

const silence = ({ client, upstream, answers }: Pair): void => {
  client.unpipe(upstream).pause();
  upstream.unpipe(answers).pause();
};

/** One that was never silent is whole already: what is piped twice arrives twice. */
const resume = (pair: Pair): void => {
  const { client, upstream, answers } = pair;
  silence(pair);
  client.pipe(upstream);
  upstream.pipe(answers);
};
