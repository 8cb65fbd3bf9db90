import { InjectQueue } from '@nestjs/bull';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job, Queue } from 'bull';
import { setTimeout as sleep } from 'node:timers/promises';
import { BATCH_START_CONSUMER, type JobData } from '../scheduling/queues.js';
import { BatchRunner } from './batch.runner.js';

type WakeUp = JobData<'batch-start', 'start'>;

// Claims are short; this many at once keep ten batches due in the same second within that second on a pool of ten.
const CONCURRENCY = 5;

// A claim waits at most 5 s for PostgreSQL; what has not ended then is left to the next worker.
const DRAIN_MS = 6_000;

/** A queue job whose record was removed under the worker's hands arrives without data: a ghost. */
const isWakeUp = (data: Partial<WakeUp> | null): data is WakeUp =>
  typeof data?.batchJobId === 'string' && Number.isInteger(data.revision);

/**
 * Takes wake-ups from the queue. Registered by hand and on bootstrap: `@Process` would start it while the application
 * is still being put together.
 */
@Injectable()
export class BatchStartConsumer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(BatchStartConsumer.name);
  private readonly shutdown = new AbortController();

  constructor(
    @InjectQueue(BATCH_START_CONSUMER) private readonly starts: Queue<WakeUp>,
    private readonly runner: BatchRunner,
  ) {}

  onApplicationBootstrap(): void {
    this.starts.on('error', (error: NodeJS.ErrnoException) =>
      this.logger.debug('redis connection failed', { reason: error.code ?? error.name }),
    );
    this.starts.on('failed', (job: Job, error: Error) =>
      this.logger.warn('wake-up failed', { queueJobId: job.id, reason: error.name }),
    );
    // '*': a queue job of a name we do not know is a ghost as well, not an error to be repeated.
    this.starts
      .process('*', CONCURRENCY, (job: Job<WakeUp>) => this.wake(job))
      .catch((error: Error) => this.logger.error('consumer stopped', { reason: error.message }));
  }

  /** Takes no further wake-up and lets those in hand end, within a deadline: Bull's own `close` waits for ever. */
  async beforeApplicationShutdown(): Promise<void> {
    this.shutdown.abort();
    const deadline = new AbortController();
    const late = sleep(DRAIN_MS, undefined, { signal: deadline.signal }).catch(() => undefined);
    await Promise.race([this.starts.close().catch(() => undefined), late]);
    deadline.abort();
  }

  private async wake(job: Job<WakeUp>): Promise<void> {
    if (!isWakeUp(job.data)) {
      this.logger.warn('ghost wake-up ignored', { queueJobId: job.id });
      return;
    }
    await this.runner.start(job.data, 'timer', this.shutdown.signal);
  }
}
