import type { Logger } from '@nestjs/common';
import type { Job, Queue } from 'bull';
import { setTimeout as sleep } from 'node:timers/promises';
import { tellFailures, type Told } from '../shared/redis.js';
import { within } from '../shared/within.js';
import type { WorkingPart } from '../shared/working-part.js';
import { cut, hearRefusals, isBlocked, leave, stopFetching, watchFetches } from './inner-queue.js';
import type { QueueFactory } from './queues.js';

// Bull comes back from an empty queue every 5 s, and after a failure another 5 s later; a connection that is half-open
// is given up after 15 s.
const SILENCE_MS = 30_000;
const LOOK_INTERVAL_MS = 1_000;

// Three connections each time: not so often that a Redis which refuses them is kept busy with it.
const AGAIN_MS = 2_000;

/** A queue job that was fetched. Its data are what Redis had: nothing, where its record was removed meanwhile. */
export type FetchedJob<T> = Pick<Job<T>, 'id' | 'name' | 'data'>;

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
    private readonly makeQueue: QueueFactory<T>,
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
    return this.queue !== null && isBlocked(this.queue);
  }

  /** @param work what a failure means is up to it; one that it throws is logged, and the queue job is gone */
  start(concurrency: number, work: (job: FetchedJob<T>) => Promise<void>): void {
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

  private async consume(work: (job: FetchedJob<T>) => Promise<void>): Promise<void> {
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
    watchFetches(queue, () => this.noteFetch());
    hearRefusals(queue);
    this.fetchedAt = performance.now();
    return queue;
  }

  /** @returns why it does not go on */
  private async untilStopped(queue: Queue<T>, work: (job: FetchedJob<T>) => Promise<void>): Promise<string> {
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

  private take(job: Job<T>, work: (job: FetchedJob<T>) => Promise<void>): Promise<void> {
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
