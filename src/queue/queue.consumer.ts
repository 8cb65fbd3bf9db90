import type { Logger } from '@nestjs/common';
import type { Job, Queue } from 'bull';
import { setTimeout as sleep } from 'node:timers/promises';
import { REDIS_PATIENCE_MS, tellFailures, type Told } from '../shared/redis.js';
import { within } from '../shared/within.js';
import type { WorkingPart } from '../shared/working-part.js';

// Closing tells Redis good-bye and connects once more; what waits longer than that waits for a Redis that is silent.
const FAREWELL_MS = 3 * REDIS_PATIENCE_MS;

// Bull comes back from an empty queue every 5 s, and after a failure another 5 s later; a connection that is half-open
// is given up after 15 s.
const SILENCE_MS = 30_000;
const LOOK_INTERVAL_MS = 1_000;

// Three connections each time: not so often that a Redis which refuses them is kept busy with it.
const AGAIN_MS = 2_000;

/** The part of Bull's queue that its types leave out. */
interface InnerQueue {
  paused: Promise<never> | null;
  /** Asking for `bclient` would otherwise connect it. */
  readonly bclientInitialized?: boolean;
  /** Waits for the next queue job. */
  readonly bclient: { disconnect(): void; readonly blocked?: boolean };
  /** Hears of new delayed jobs. */
  readonly eclient: { subscribe(...channels: string[]): Promise<unknown> };
}

/**
 * Takes queue jobs from a queue until it is stopped. Started by hand on bootstrap: `@Process` would begin while the
 * application is still being put together.
 *
 * Bull gives a queue up for good when its first words to Redis are refused, and does not notice a connection that is of
 * no use. A queue object that has failed, or that fetches nothing for 30 s, is thrown away for another.
 */
export class QueueConsumer<T> implements WorkingPart {
  readonly kind = 'consumer';
  private readonly shutdown = new AbortController();
  private readonly inHand = new Set<Promise<unknown>>();
  private consuming: Promise<void> = Promise.resolve();
  private queue: Queue<T> | null = null;
  private concurrency = 0;
  private fetchedAt = performance.now();
  private hasStopped = false;
  private readonly told: Told = { isRefused: false };

  constructor(
    readonly name: string,
    private readonly makeQueue: () => Queue<T>,
    private readonly logger: Logger,
  ) {}

  /** Rises as soon as it is told to stop. */
  get signal(): AbortSignal {
    return this.shutdown.signal;
  }

  get isStopped(): boolean {
    return this.hasStopped && !this.signal.aborted;
  }

  get silentForMs(): number {
    return performance.now() - this.fetchedAt;
  }

  /** It waits for a queue job at this moment. */
  get isWaiting(): boolean {
    const bull = this.queue as unknown as InnerQueue | null;
    return bull?.bclientInitialized === true && bull.bclient.blocked === true;
  }

  /** @param work what a failure means is up to it; one that it throws is logged, and the queue job is gone */
  start(concurrency: number, work: (job: Job<T>) => Promise<void>): void {
    this.concurrency = concurrency;
    this.consuming = this.consume(work);
  }

  /**
   * Takes no more, lets the work in hand end, within a deadline, and leaves the queue. An acknowledgement that does not
   * get through costs a second, stale delivery.
   */
  async stop(drainMs: number): Promise<void> {
    this.shutdown.abort();
    if (this.queue) stopFetching(this.queue);
    await within(drainMs, this.untilIdle());
    if (this.queue) await leave(this.queue);
    await this.consuming;
  }

  private async consume(work: (job: Job<T>) => Promise<void>): Promise<void> {
    while (!this.signal.aborted) {
      const queue = this.open();
      this.queue = queue;
      const reason = await this.untilStopped(queue, work);
      if (this.signal.aborted) return;
      this.noteStop(reason);
      stopFetching(queue);
      await leave(queue);
      await sleep(AGAIN_MS, undefined, { signal: this.signal }).catch(() => undefined);
    }
  }

  private open(): Queue<T> {
    const queue = this.makeQueue();
    tellFailures(queue, this.logger, this.told);
    queue.on('failed', (job: Job, error: Error) =>
      this.logger.warn('queue job failed', { queueJobId: job.id, reason: error.name }),
    );
    const next = queue.getNextJob.bind(queue);
    Object.assign(queue, {
      // Bull would name its connection in a promise whose failure nobody hears: a worker closed before Redis answered
      // would end as if it had crashed.
      setWorkerName: () => Promise.resolve(),
      getNextJob: async () => {
        const job = await next();
        // What comes back because the connection was cut on purpose has fetched nothing.
        if (!(queue as unknown as InnerQueue).paused) this.noteFetch();
        return job;
      },
    });
    hearRefusals(queue);
    this.fetchedAt = performance.now();
    return queue;
  }

  /** @returns why it does not go on */
  private async untilStopped(queue: Queue<T>, work: (job: Job<T>) => Promise<void>): Promise<string> {
    const over = new AbortController();
    const end = (): void => over.abort();
    this.signal.addEventListener('abort', end, { once: true });
    // '*': a queue job of a name we do not know is a ghost as well, not an error to be repeated.
    const processing = queue
      .process('*', this.concurrency, (job: Job<T>) => this.take(job, work))
      .then(
        () => 'closed',
        (error: Error | undefined) => error?.message ?? 'unknown',
      );
    // Left while it was being connected, Bull connects once more.
    void processing.then(() => over.signal.aborted && cut(queue));
    const reason = await Promise.race([processing, this.untilSilent(over.signal)]);
    this.signal.removeEventListener('abort', end);
    end();
    return reason;
  }

  private async untilSilent(signal: AbortSignal): Promise<string> {
    const isSilent = () => this.silentForMs > SILENCE_MS && this.inHand.size < this.concurrency;
    while (!signal.aborted && !isSilent()) {
      await sleep(LOOK_INTERVAL_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
    return `nothing fetched for ${SILENCE_MS / 1_000} s`;
  }

  private noteFetch(): void {
    this.fetchedAt = performance.now();
    if (this.hasStopped) this.logger.log('consumer is back', { queue: this.name });
    this.hasStopped = false;
    this.told.isRefused = false;
  }

  /** One line when it stops and one when it is back: it may be tried for hours. */
  private noteStop(reason: string): void {
    if (this.hasStopped) this.logger.debug('consumer is still stopped', { queue: this.name, reason });
    else this.logger.error('consumer stopped', { queue: this.name, reason });
    this.hasStopped = true;
  }

  private async untilIdle(): Promise<void> {
    while (this.inHand.size > 0) await Promise.allSettled(this.inHand);
  }

  private take(job: Job<T>, work: (job: Job<T>) => Promise<void>): Promise<void> {
    this.noteFetch();
    // Whoever added it, with whatever options: nothing of it stays.
    Object.assign(job.opts, { removeOnComplete: true, removeOnFail: true });
    const taking = work(job).finally(() => {
      this.inHand.delete(taking);
      this.fetchedAt = performance.now();
    });
    this.inHand.add(taking);
    return taking;
  }
}

/**
 * Without it, each queue job that ends during the drain would fetch the next one. It is Bull's own local pause, but for
 * the connection that Bull then makes anew.
 */
function stopFetching(queue: Queue): void {
  const bull = queue as unknown as InnerQueue;
  bull.paused = new Promise(() => undefined);
  if (bull.bclientInitialized) bull.bclient.disconnect();
}

/**
 * ioredis subscribes again with each new connection, in a promise that nobody hears: a Redis that has another password
 * by then would end the process.
 */
function hearRefusals(queue: Queue): void {
  const { eclient } = queue as unknown as InnerQueue;
  const subscribe = eclient.subscribe.bind(eclient);
  Object.assign(eclient, {
    subscribe: (...channels: string[]) => {
      const subscribing = subscribe(...channels);
      subscribing.catch(() => undefined);
      return subscribing;
    },
  });
}

/** Bull's own waiting `close` would wait for Redis as well, for ever. */
async function leave(queue: Queue): Promise<void> {
  const closing = queue.close(true).then(
    () => 'closed' as const,
    () => 'closed' as const,
  );
  let outcome = await within(FAREWELL_MS, closing);
  while (outcome !== 'closed') {
    // Again and again, as a connection that Bull makes after the first cut would wait as well.
    cut(queue);
    outcome = await within(REDIS_PATIENCE_MS, closing);
  }
}

function cut(queue: Queue): void {
  for (const client of queue.clients) if (client.status !== 'end') client.disconnect();
}
