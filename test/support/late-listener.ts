import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { eventually } from './eventually.js';

// A thread that sleeps accepts nothing: the queue of its port runs full, and the kernel answers no SYN any more.
const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      parentPort.postMessage({ received: data.toString() });
      socket.end('HTTP/1.1 202 Accepted\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n');
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage({ port: server.address().port });
    Atomics.wait(new Int32Array(workerData), 0, 0);
  });
`;

// One more than the backlog fit in; the others take the place of whoever is let in.
const FILLERS = 5;
const FIT_IN = 2;

/** A call service that takes connections only when it is told to: until then they are being made. */
export class LateListener {
  /** What was written to it, a connection each. */
  readonly received: string[] = [];
  takesConnections = false;
  private readonly latch = new SharedArrayBuffer(4);
  private readonly thread = new Worker(THREAD, { eval: true, workerData: this.latch });
  private readonly fillers: Socket[] = [];
  private port = 0;

  static async start(): Promise<LateListener> {
    const listener = new LateListener();
    listener.thread.on('message', ({ port, received }: { port?: number; received?: string }) => {
      if (port !== undefined) listener.port = port;
      if (received !== undefined) listener.received.push(received);
    });
    await eventually(() => {
      if (listener.port === 0) throw new Error('does not listen yet');
    });
    await listener.fill();
    return listener;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /**
   * Takes every connection from here on. Resolves when those that waited were heard, of which the kernel asks within
   * seconds.
   */
  async takeConnections(): Promise<void> {
    this.takesConnections = true;
    Atomics.store(new Int32Array(this.latch), 0, 1);
    Atomics.notify(new Int32Array(this.latch), 0);
    for (const filler of this.fillers) filler.destroy();
    const probe = connect(this.port, '127.0.0.1').on('error', () => undefined);
    probe.end('probe');
    await eventually(() => {
      if (!this.received.includes('probe')) throw new Error('takes no connections yet');
    });
  }

  async stop(): Promise<void> {
    for (const filler of this.fillers) filler.destroy();
    await this.thread.terminate();
  }

  private async fill(): Promise<void> {
    let connected = 0;
    for (let count = 0; count < FILLERS; count += 1) {
      const filler = connect(this.port, '127.0.0.1').on('error', () => undefined);
      filler.on('connect', () => (connected += 1));
      this.fillers.push(filler);
    }
    await eventually(() => {
      if (connected < FIT_IN) throw new Error('is not full yet');
    });
  }
}
