import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Job } from 'bull';
import { isCallId } from '../batch-jobs/calls.repository.js';
import { BATCH_CALL_CONSUMER, type JobData, type QueueFactory } from '../scheduling/queues.js';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { CallRunner } from './call.runner.js';
import { Dispatcher } from './dispatcher.js';
import { QueueConsumer } from './queue.consumer.js';

type CallJob = JobData<'batch-call', 'place'> & JobData<'batch-call', 'dispatch'>;

// For a provider's answer to a call that is being placed. One that does not end by then is given up, and its outcome
// counts as unknown when its lease ends.
const DRAIN_MS = 6_000;

/** Takes calls to be placed from the queue, and requests to look for some. */
@Injectable()
export class CallConsumer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CallConsumer.name);
  readonly consumer: QueueConsumer<CallJob>;
  private readonly giveUp = new AbortController();

  constructor(
    @Inject(BATCH_CALL_CONSUMER) makeQueue: QueueFactory<CallJob>,
    private readonly runner: CallRunner,
    private readonly dispatcher: Dispatcher,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {
    this.consumer = new QueueConsumer('batch-call', makeQueue, this.logger);
  }

  onApplicationBootstrap(): void {
    this.consumer.start(this.settings.callConcurrency, (job) => this.take(job));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.consumer.stop(DRAIN_MS);
    this.giveUp.abort();
  }

  private async take({ id, name, data }: Job<CallJob>): Promise<void> {
    const { callId, organizationId }: Partial<CallJob> = data ?? {};
    if (name === 'place' && typeof callId === 'string' && isCallId(callId)) {
      await this.runner.place(callId, this.giveUp.signal);
    } else if (name === 'dispatch' && typeof organizationId === 'string') {
      this.dispatcher.request(organizationId);
    } else {
      this.logger.warn('ghost queue job ignored', { queueJobId: id });
    }
  }
}
