import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { isBatchJobId } from '../batch-jobs/batch-jobs.repository.js';
import { isCallId } from '../batch-jobs/calls.repository.js';
import type { ClaimedCall } from '../batch-jobs/calls.statements.js';
import { BATCH_CALL_CONSUMER, type JobData, type QueueFactory } from '../queue/queues.js';
import { CallLanes } from './call.lanes.js';
import { Dispatcher } from './dispatcher.js';
import { QueueConsumer, type FetchedJob } from '../queue/queue.consumer.js';

type CallJob = JobData<'batch-call', 'place'> & JobData<'batch-call', 'dispatch'>;

/** A queue job whose record was removed under the worker's hands arrives without data: a ghost. */
const isClaimed = (data: Partial<ClaimedCall> | null): data is ClaimedCall =>
  typeof data?.callId === 'string' &&
  isCallId(data.callId) &&
  typeof data.batchJobId === 'string' &&
  isBatchJobId(data.batchJobId) &&
  typeof data.organizationId === 'string';

// Handing over takes no time; these are enough to keep Redis busy.
const CONCURRENCY = 5;

const DRAIN_MS = 1_000;

/**
 * Takes calls to be placed from the queue, and requests to look for some. It keeps none waiting: Bull's order is that
 * of the claims, and a thousand of one organization would be before the first of another.
 */
@Injectable()
export class CallConsumer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CallConsumer.name);
  readonly consumer: QueueConsumer<CallJob>;

  constructor(
    @Inject(BATCH_CALL_CONSUMER) makeQueue: QueueFactory<CallJob>,
    private readonly lanes: CallLanes,
    private readonly dispatcher: Dispatcher,
  ) {
    this.consumer = new QueueConsumer('batch-call', makeQueue, this.logger);
  }

  onApplicationBootstrap(): void {
    this.consumer.start(CONCURRENCY, (job) => this.take(job));
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.consumer.stop(DRAIN_MS);
  }

  private async take({ id, name, data }: FetchedJob<CallJob>): Promise<void> {
    const { organizationId }: Partial<CallJob> = data ?? {};
    if (name === 'place' && isClaimed(data)) {
      this.lanes.place(data);
    } else if (name === 'dispatch' && typeof organizationId === 'string') {
      this.dispatcher.request(organizationId);
    } else {
      this.logger.warn('ghost queue job ignored', { queueJobId: id });
    }
  }
}
