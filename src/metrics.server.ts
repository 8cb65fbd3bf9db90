import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Metrics } from './shared/metrics.js';

/** Where a worker serves its metrics. */
export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

/** Injection token of the `MetricsAddress`. */
export const METRICS_ADDRESS = Symbol('batch-jobs metrics address');

// A scrape has no body, and its headers fit into one packet.
const TIMEOUTS = { headersTimeout: 5_000, requestTimeout: 5_000, connectionsCheckingInterval: 5_000 };

/** Serves `/metrics` and nothing else, for a process that serves nothing else. */
@Injectable()
export class MetricsServer implements OnModuleInit, BeforeApplicationShutdown {
  private readonly server = createServer(TIMEOUTS, (request, response) => void this.answer(request, response));

  constructor(
    private readonly metrics: Metrics,
    @Inject(METRICS_ADDRESS) private readonly address: MetricsAddress,
  ) {}

  /** Before the consumers begin: a port that is taken is learned of while nothing has been started. */
  async onModuleInit(): Promise<void> {
    this.metrics.includeProcess();
    this.server.listen(this.address.port, this.address.host);
    await once(this.server, 'listening');
  }

  async beforeApplicationShutdown(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async answer({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const isKnown = ['GET', 'HEAD'].includes(method ?? '') && url.split('?')[0] === '/metrics';
    if (!isKnown) return void response.writeHead(404).end();
    const text = await this.metrics.text();
    response.writeHead(200, { 'Content-Type': this.metrics.contentType }).end(text);
  }
}
