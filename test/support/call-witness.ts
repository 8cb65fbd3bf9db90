import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { reply } from './http-service.js';

/** What a call service can be: well, full, in maintenance, of another secret, or not there. */
export const MODES = ['well', 'full', 'in maintenance', 'of another secret', 'away'] as const;
export type Mode = (typeof MODES)[number];

/** A request to place a call, as it arrived. */
export interface Sent {
  readonly at: number;
  readonly callId: string;
  readonly batchJobId: string;
  readonly contactId: string;
  /** Whether somebody was called. */
  readonly isTaken: boolean;
}

const REFUSALS: Readonly<Partial<Record<Mode, readonly [status: number, headers: Readonly<Record<string, string>>]>>> =
  {
    full: [429, { 'retry-after': '1' }],
    'in maintenance': [503, { 'retry-after': '1' }],
    'of another secret': [401, {}],
  };

/** A call service that writes down who it was asked to call, and when. One of ten lines is busy. */
export class CallWitness {
  readonly sent: Sent[] = [];
  private mode: Mode = 'well';
  private server: Server | null = null;
  private port = 0;

  constructor(private readonly callMs: number) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async be(mode: Mode): Promise<void> {
    this.mode = mode;
    if (mode === 'away') await this.stop();
    else if (!this.server) await this.start();
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.take(request, response));
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async stop(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = null;
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    // Calls that were taken are told of, as a service does that is shut down.
    await Promise.race([closed, sleep(this.callMs * 4)]);
    server.closeAllConnections();
    await closed;
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = Date.now();
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (request.method === 'GET') return reply(response, 404, {});
    const refusal = REFUSALS[this.mode];
    const { callId, batchJobId, contactId, toPhoneNumber } = JSON.parse(body) as Sent & { toPhoneNumber: string };
    this.sent.push({ at, callId, batchJobId, contactId, isTaken: !refusal });
    if (refusal) return reply(response, refusal[0], {}, refusal[1]);
    await sleep(this.callMs);
    reply(
      response,
      200,
      toPhoneNumber.endsWith('7') ? { outcome: 'busy' } : { outcome: 'answered', durationSeconds: 30 },
    );
  }
}
