import type { Logger } from '@nestjs/common';
import type { Job, Queue } from 'bull';
import { REDIS_PATIENCE_MS } from '../shared/redis.js';
import { within } from '../shared/within.js';
import { tellFailures } from '../shared/redis.js';

// Closing tells Redis good-bye and connects once more; what waits longer than that waits for a Redis that is silent.
const FAREWELL_MS = 3 * REDIS_PATIENCE_MS;

/** The part of Bull's queue that its types leave out. */
interface PausableQueue {
  paused: Promise<never> | null;
  /** Asking for `bclient` would otherwise connect it. */
  readonly bclientInitialized?: boolean;
  /** Waits for the next queue job. */
  readonly bclient: { disconnect(): void };
}

/**
 * Takes queue jobs from a queue until it is stopped. Started by hand on bootstrap: `@Process` would begin while the
 * application is still being put together.
 */
export class QueueConsumer<T> {
  private readonly shutdown = new AbortController();
  private readonly inHand = new Set<Promise<unknown>>();

  constructor(
    private readonly queue: Queue<T>,
    private readonly logger: Logger,
  ) {}

  /** Rises as soon as it is told to stop. */
  get signal(): AbortSignal {
    return this.shutdown.signal;
  }

  /** @param work what a failure means is up to it; one that it throws is logged, and the queue job is gone */
  start(concurrency: number, work: (job: Job<T>) => Promise<void>): void {
    tellFailures(this.queue, this.logger);
    this.queue.on('failed', (job: Job, error: Error) =>
      this.logger.warn('queue job failed', { queueJobId: job.id, reason: error.name }),
    );
    // Bull would name its connection in a promise whose failure nobody hears: a worker closed before Redis answered
    // would end as if it had crashed.
    Object.assign(this.queue, { setWorkerName: () => Promise.resolve() });
    // '*': a queue job of a name we do not know is a ghost as well, not an error to be repeated.
    this.queue
      .process('*', concurrency, (job: Job<T>) => this.take(job, work))
      .catch((error: Error | undefined) => {
        if (!this.signal.aborted) this.logger.error('consumer stopped', { reason: error?.message });
      });
  }

  /**
   * Takes no more, lets the work in hand end, within a deadline, and leaves the queue. Bull's own waiting `close` would wait
   * for Redis as well, for ever; an acknowledgement that does not get through costs a second, stale delivery.
   */
  async stop(drainMs: number): Promise<void> {
    this.shutdown.abort();
    this.stopFetching();
    await within(drainMs, this.untilIdle());
    const closing = this.queue.close(true).then(
      () => 'closed' as const,
      () => 'closed' as const,
    );
    let outcome = await within(FAREWELL_MS, closing);
    while (outcome !== 'closed') {
      // Again and again, as a connection that Bull makes after the first cut would wait as well.
      for (const client of this.queue.clients) if (client.status !== 'end') client.disconnect();
      outcome = await within(REDIS_PATIENCE_MS, closing);
    }
  }

  /**
   * Without it, each queue job that ends during the drain would fetch the next one. It is Bull's own local pause, but for the
   * connection that Bull then makes anew.
   */
  private stopFetching(): void {
    const bull = this.queue as unknown as PausableQueue;
    bull.paused = new Promise(() => undefined);
    if (bull.bclientInitialized) bull.bclient.disconnect();
  }

  private async untilIdle(): Promise<void> {
    while (this.inHand.size > 0) await Promise.allSettled(this.inHand);
  }

  private take(job: Job<T>, work: (job: Job<T>) => Promise<void>): Promise<void> {
    // Whoever added it, with whatever options: nothing of it stays.
    Object.assign(job.opts, { removeOnComplete: true, removeOnFail: true });
    const taking = work(job).finally(() => this.inHand.delete(taking));
    this.inHand.add(taking);
    return taking;
  }
}
