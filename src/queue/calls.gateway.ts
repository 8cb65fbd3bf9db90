import { InjectQueue } from '@nestjs/bull';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { JobOptions, Queue } from 'bull';
import type { ClaimedCall } from '../batch-jobs/calls.statements.js';
import { Clock } from '../shared/clock.js';
import { PatientRedis, tryToWrite } from '../shared/patient-redis.js';
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
  async place(calls: readonly ClaimedCall[]): Promise<boolean> {
    return (await this.redis.store('add', () => this.add(calls))) !== null;
  }

  /**
   * The same for calls that should have been placed before: one whose queue job lost its place in the queue gets
   * another.
   */
  async placeAgain(calls: readonly ClaimedCall[]): Promise<boolean> {
    const hasFreed = await this.redis.ask('look up', () => this.freeLost(calls.map(({ callId }) => callId)));
    return hasFreed !== null && this.place(calls);
  }

  /** Asks a worker to look for contacts to call at that time. The retries of one organization that are due in one second share an alarm. */
  async requestDispatchAt(organizationId: string, at: Date): Promise<void> {
    const second = Math.ceil(at.getTime() / 1_000);
    const delay = Math.max(0, second * 1_000 - this.clock.now().getTime());
    const options = { ...ONCE, jobId: `dispatch.${organizationId}.${second}`, delay };
    await this.redis.store('add', () => this.calls.add('dispatch', { organizationId }, options));
  }

  /** @throws what Redis says against it: Bull resolves whatever it was told, with the ids that Redis has confirmed */
  private async add(calls: readonly ClaimedCall[]): Promise<void> {
    const jobs = calls.map(({ callId, organizationId, batchJobId }) => ({
      name: 'place',
      data: { callId, organizationId, batchJobId },
      opts: { ...ONCE, jobId: callId },
    }));
    const added = await this.calls.addBulk(jobs).catch((error: Error) => {
      if (error.message.startsWith('EXECABORT')) return [];
      throw error;
    });
    if (calls.every(({ callId }, at) => added[at]?.id === callId)) return;
    // A transaction that was aborted does not tell why.
    await tryToWrite(this.calls.client, this.calls.toKey('probe'));
    throw new Error('not all were added');
  }

  /** The record of an evicted queue job blocks its id: Bull ignores the next one, and says nothing. */
  private async freeLost(callIds: readonly string[]): Promise<void> {
    const transaction = this.calls.client.multi();
    for (const callId of callIds) {
      for (const list of ['wait', 'paused', 'active']) transaction.lpos(this.calls.toKey(list), callId);
    }
    const places = (await transaction.exec()) ?? [];
    const isLost = (at: number) => places.slice(3 * at, 3 * at + 3).every(([error, place]) => !error && place === null);
    const lost = callIds.filter((_, at) => isLost(at));
    if (lost.length > 0) await this.calls.client.del(lost.map((callId) => this.calls.toKey(callId)));
  }
}
