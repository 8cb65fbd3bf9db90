import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { isBatchJobId } from '../batch-jobs/batch-jobs.repository.js';
import { BATCH_START_CONSUMER, type JobData, type QueueFactory } from '../queue/queues.js';
import { Metrics } from '../shared/metrics.js';
import { BatchRunner } from './batch.runner.js';
import { QueueConsumer, type FetchedJob } from '../queue/queue.consumer.js';

type WakeUp = JobData<'batch-start', 'start'>;

// Those who claim at one time share a statement, so that a thousand batches due in one second start within it.
const CONCURRENCY = 50;

// A claim waits at most 5 s for PostgreSQL; what has not ended then is left to the next worker.
const DRAIN_MS = 6_000;

const MAX_REVISION = 2 ** 31 - 1; // PostgreSQL's integer

/** A queue job whose record was removed under the worker's hands arrives without data: a ghost. */
const isWakeUp = (data: Partial<WakeUp> | null): data is WakeUp =>
  typeof data?.batchJobId === 'string' &&
  isBatchJobId(data.batchJobId) &&
  Number.isInteger(data.revision) &&
  Math.abs(data.revision as number) <= MAX_REVISION;

/** Takes wake-ups from the queue. */
@Injectable()
export class BatchStartConsumer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(BatchStartConsumer.name);
  readonly consumer: QueueConsumer<WakeUp>;

  constructor(
    @Inject(BATCH_START_CONSUMER) makeQueue: QueueFactory<WakeUp>,
    private readonly runner: BatchRunner,
    private readonly metrics: Metrics,
  ) {
    this.consumer = new QueueConsumer('batch-start', makeQueue, this.logger);
  }

  onApplicationBootstrap(): void {
    this.consumer.start(CONCURRENCY, (job) => this.wake(job));
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.consumer.stop(DRAIN_MS);
  }

  private async wake(job: FetchedJob<WakeUp>): Promise<void> {
    if (!isWakeUp(job.data)) {
      this.metrics.countGhostWakeUp();
      this.logger.warn('ghost wake-up ignored', { queueJobId: job.id });
      return;
    }
    await this.runner.start(job.data, 'timer', this.consumer.signal);
  }
}
