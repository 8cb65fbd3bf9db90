import { InjectQueue } from '@nestjs/bull';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { JobOptions, Queue } from 'bull';
import { Clock } from '../shared/clock.js';
import { PatientRedis } from '../shared/patient-redis.js';
import { tellFailures } from '../shared/redis.js';
import { BATCH_CALL_PRODUCER, type JobData } from './queues.js';

type CallJob = JobData<'batch-call', 'place'> | JobData<'batch-call', 'dispatch'>;

const ONCE: JobOptions = { removeOnComplete: true, removeOnFail: true };

/**
 * Tells the workers of claimed calls, and of organizations in which somebody can be called.
 *
 * Nothing rests on it, as with the wake-ups of starts: what gets lost is found by the sweep (`CallSweeper`). No method
 * throws, and each answers within 500 ms.
 */
@Injectable()
export class CallsGateway implements OnApplicationBootstrap {
  private readonly logger = new Logger(CallsGateway.name);
  private readonly redis = new PatientRedis(this.logger);

  constructor(
    @InjectQueue(BATCH_CALL_PRODUCER) private readonly calls: Queue<CallJob>,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    tellFailures(this.calls, this.logger);
  }

  /** Asks a worker to place calls. Asked twice for the same call it is placed once. @returns whether they are known to be in Redis */
  async place(callIds: readonly string[]): Promise<boolean> {
    const jobs = callIds.map((callId) => ({ name: 'place', data: { callId }, opts: { ...ONCE, jobId: callId } }));
    return (await this.redis.ask('add', () => this.calls.addBulk(jobs))) !== null;
  }

  /** Asks a worker to look for contacts to call now. */
  async requestDispatch(organizationId: string): Promise<void> {
    await this.redis.ask('add', () => this.calls.add('dispatch', { organizationId }, ONCE));
  }

  /** The same at a later time. The retries of one organization that are due in one second share an alarm. */
  async requestDispatchAt(organizationId: string, at: Date): Promise<void> {
    const second = Math.ceil(at.getTime() / 1_000);
    const delay = Math.max(0, second * 1_000 - this.clock.now().getTime());
    const options = { ...ONCE, jobId: `dispatch.${organizationId}.${second}`, delay };
    await this.redis.ask('add', () => this.calls.add('dispatch', { organizationId }, options));
  }
}
