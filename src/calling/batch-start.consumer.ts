import { InjectQueue } from '@nestjs/bull';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job, Queue } from 'bull';
import { setTimeout as sleep } from 'node:timers/promises';
import { isBatchJobId } from '../batch-jobs/batch-jobs.repository.js';
import { BATCH_START_CONSUMER, type JobData } from '../scheduling/queues.js';
import { Metrics } from '../shared/metrics.js';
import { REDIS_PATIENCE_MS } from '../shared/redis.js';
import { BatchRunner } from './batch.runner.js';

type WakeUp = JobData<'batch-start', 'start'>;

// Claims are short; this many at once keep ten batches due in the same second within that second on a pool of ten.
const CONCURRENCY = 5;

// A claim waits at most 5 s for PostgreSQL; what has not ended then is left to the next worker.
const DRAIN_MS = 6_000;

// Closing tells Redis good-bye and connects once more; what waits longer than that waits for a Redis that is silent.
const FAREWELL_MS = 3 * REDIS_PATIENCE_MS;

const MAX_REVISION = 2 ** 31 - 1; // PostgreSQL's integer

/** A queue job whose record was removed under the worker's hands arrives without data: a ghost. */
const isWakeUp = (data: Partial<WakeUp> | null): data is WakeUp =>
  typeof data?.batchJobId === 'string' &&
  isBatchJobId(data.batchJobId) &&
  Number.isInteger(data.revision) &&
  Math.abs(data.revision as number) <= MAX_REVISION;

/**
 * Takes wake-ups from the queue. Registered by hand and on bootstrap: `@Process` would start it while the application
 * is still being put together.
 */
@Injectable()
export class BatchStartConsumer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(BatchStartConsumer.name);
  private readonly shutdown = new AbortController();
  private readonly inHand = new Set<Promise<unknown>>();

  constructor(
    @InjectQueue(BATCH_START_CONSUMER) private readonly starts: Queue<WakeUp>,
    private readonly runner: BatchRunner,
    private readonly metrics: Metrics,
  ) {}

  onApplicationBootstrap(): void {
    this.starts.on('error', (error: NodeJS.ErrnoException) =>
      this.logger.debug('redis connection failed', { reason: error.code ?? error.name }),
    );
    this.starts.on('failed', (job: Job, error: Error) =>
      this.logger.warn('wake-up failed', { queueJobId: job.id, reason: error.name }),
    );
    // Bull would name its connection in a promise whose failure nobody hears: a worker closed before Redis answered
    // would end as if it had crashed.
    Object.assign(this.starts, { setWorkerName: () => Promise.resolve() });
    // '*': a queue job of a name we do not know is a ghost as well, not an error to be repeated.
    this.starts
      .process('*', CONCURRENCY, (job: Job<WakeUp>) => this.wake(job))
      .catch((error: Error | undefined) => {
        if (!this.shutdown.signal.aborted) this.logger.error('consumer stopped', { reason: error?.message });
      });
  }

  /**
   * Lets the wake-ups in hand end, within a deadline, and leaves the queue. Bull's own waiting `close` would wait for
   * Redis as well, for ever; an acknowledgement that does not get through costs a second, stale delivery.
   */
  async beforeApplicationShutdown(): Promise<void> {
    this.shutdown.abort();
    await within(DRAIN_MS, Promise.allSettled(this.inHand));
    const closing = this.starts.close(true).then(
      () => 'closed' as const,
      () => 'closed' as const,
    );
    let outcome = await within(FAREWELL_MS, closing);
    while (outcome !== 'closed') {
      // Again and again, as a connection that Bull makes after the first cut would wait as well.
      for (const client of this.starts.clients) if (client.status !== 'end') client.disconnect();
      outcome = await within(REDIS_PATIENCE_MS, closing);
    }
  }

  private wake(job: Job<WakeUp>): Promise<void> {
    const waking = this.start(job).finally(() => this.inHand.delete(waking));
    this.inHand.add(waking);
    return waking;
  }

  private async start(job: Job<WakeUp>): Promise<void> {
    // Whoever added it, with whatever options: nothing of it stays.
    Object.assign(job.opts, { removeOnComplete: true, removeOnFail: true });
    if (!isWakeUp(job.data)) {
      this.metrics.countGhostWakeUp();
      this.logger.warn('ghost wake-up ignored', { queueJobId: job.id });
      return;
    }
    await this.runner.start(job.data, 'timer', this.shutdown.signal);
  }
}

/** Waits for `work`, and no longer than that; it goes on all the same. @returns null when the time was up first */
async function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  const patience = new AbortController();
  const late = sleep(ms, null, { signal: patience.signal }).catch(() => null);
  const outcome = await Promise.race([work, late]);
  patience.abort();
  return outcome;
}
