import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 250;

/**
 * Opens sessions to PostgreSQL all the time, as the service does: how long that takes tells a machine that is
 * overloaded from a service that refuses what it could do.
 */
export class SessionProbe {
  private readonly stopping = new AbortController();
  private readonly probing: Promise<void>;
  /** Longest that a session took to open, in milliseconds; one that could not be opened is not counted. */
  slowestMs = 0;

  constructor(private readonly databaseUrl: string) {
    this.probing = this.probe();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.probing;
  }

  private async probe(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const from = performance.now();
      const session = new Client({ connectionString: this.databaseUrl });
      // PostgreSQL may be what is disturbed.
      session.on('error', () => undefined);
      const isOpen = await session.connect().then(
        () => true,
        () => false,
      );
      if (isOpen) this.slowestMs = Math.max(this.slowestMs, performance.now() - from);
      await session.end().catch(() => undefined);
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
