import { InjectQueue } from '@nestjs/bull';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job, Queue } from 'bull';
import { randomUUID } from 'node:crypto';
import type { ScheduledStart } from '../batch-jobs/batch-job.changes.js';
import { Clock } from '../shared/clock.js';
import { PatientRedis, tryToWrite } from '../shared/patient-redis.js';
import { tellFailures } from '../shared/redis.js';
import type { ServerState } from '../shared/server-watch.js';
import { firingTimesOf } from './delayed-set.js';
import { BATCH_START_PRODUCER, type JobData } from './queues.js';
import { replaceWakeUpOf, type NewWakeUp, type ReplaceWakeUp } from './wake-up.script.js';

type WakeUp = JobData<'batch-start', 'start'>;

/** What the queue knows of one wake-up. */
export interface QueueJob {
  readonly queueJobId: string;
  /** It waits in the delayed set: not fired, not picked up. */
  readonly isDelayed: boolean;
  /** When it fires, as stored in Redis. */
  readonly firesAt: Date;
}

/** What became of a pair of wake-ups. */
export interface Rearmed {
  /** The old one was found and removed. */
  readonly oldJobCancelled: boolean;
  /** The new one is in Redis. False: it will be, as soon as the reconciler sees Redis again. */
  readonly isArmed: boolean;
}

/**
 * Id of the queue job that wakes a worker for one schedule of one batch. Bull silently ignores an id that was used
 * before, so every revision has its own.
 */
export const wakeUpId = ({ batchJobId, revision }: Pick<ScheduledStart, 'batchJobId' | 'revision'>): string =>
  `${batchJobId}.r${revision}`;

/**
 * The alarm clock: delayed Bull jobs in Redis, one for each scheduled batch.
 *
 * Nothing rests on it. Every method answers within 500 ms, Redis there or not, and all that one request asks together as
 * well. None throws: a null or false means *not known to have happened*, and the reconciler makes up for it.
 */
@Injectable()
export class SchedulerGateway implements OnApplicationBootstrap {
  private readonly logger = new Logger(SchedulerGateway.name);
  private readonly redis = new PatientRedis(this.logger);
  private readonly replace: ReplaceWakeUp;

  constructor(
    @InjectQueue(BATCH_START_PRODUCER) private readonly starts: Queue<WakeUp>,
    private readonly clock: Clock,
  ) {
    this.replace = replaceWakeUpOf(starts);
  }

  onApplicationBootstrap(): void {
    tellFailures(this.starts, this.logger);
  }

  /** Calls `listener` each time the connection to Redis is there (again). */
  onConnected(listener: () => void): void {
    this.starts.client.on('ready', listener);
  }

  /** Takes the ended schedule's wake-up away and sets that of the new one, in one step. */
  async rearm(ended: ScheduledStart | null, scheduled: ScheduledStart | null): Promise<Rearmed> {
    const endedId = ended && wakeUpId(ended);
    const next = scheduled && this.wakeUpOf(scheduled);
    if (next === null) {
      return { oldJobCancelled: endedId !== null && ((await this.forget(endedId)) ?? false), isArmed: false };
    }
    const oldJobCancelled = await this.redis.store('add', () => this.replace(endedId, next));
    return { oldJobCancelled: oldJobCancelled ?? false, isArmed: oldJobCancelled !== null };
  }

  /** @returns whether the wake-up is known to be in Redis. Setting one that is there already changes nothing. */
  async wakeAt(start: ScheduledStart): Promise<boolean> {
    const { isArmed } = await this.rearm(null, start);
    return isArmed;
  }

  /** @returns whether the wake-up was found and removed; null when Redis does not answer */
  forget(queueJobId: string): Promise<boolean | null> {
    return this.redis.ask('remove', () => this.replace(queueJobId, null));
  }

  /** @returns null when Redis has no such wake-up, `'unknown'` when Redis does not answer */
  async lookUp(queueJobId: string): Promise<QueueJob | null | 'unknown'> {
    const found = await this.redis.ask('look up', async () => {
      const job = await this.starts.getJob(queueJobId);
      return { queueJob: job && (await this.describe(job)) };
    });
    return found ? found.queueJob : 'unknown';
  }

  /** Ids and firing times of all wake-ups that have not fired. Null when Redis does not answer. */
  async listArmed(): Promise<Map<string, Date> | null> {
    const members = await this.redis.ask('list', () =>
      this.starts.client.zrange(this.starts.toKey('delayed'), 0, -1, 'WITHSCORES'),
    );
    if (!members) return null;
    return new Map([...firingTimesOf(members)].map(([id, firesAtMs]) => [id, this.clock.at(firesAtMs)]));
  }

  /** @returns for each, whether it waits in the delayed set; null when Redis does not answer */
  async areArmed(queueJobIds: readonly string[]): Promise<boolean[] | null> {
    if (queueJobIds.length === 0) return [];
    const scores = await this.redis.ask('list', () =>
      this.starts.client.zmscore(this.starts.toKey('delayed'), ...queueJobIds),
    );
    return scores && scores.map((score) => score !== null);
  }

  /** Tries to write. */
  async probe(): Promise<ServerState> {
    await this.redis.store('probe', () => tryToWrite(this.starts.client, this.starts.toKey('probe')));
    return this.redis.state;
  }

  /** @returns whether Redis had lost its data since the last call (or never had any). Null when it does not answer. */
  async isRedisNew(): Promise<boolean | null> {
    const answer = await this.redis.store('mark', async () => ({
      set: await this.starts.client.set(this.starts.toKey('epoch'), randomUUID(), 'NX'),
    }));
    return answer && answer.set === 'OK';
  }

  /** Null for what is not an instant: Bull would run it at once. */
  private wakeUpOf(start: ScheduledStart): NewWakeUp | null {
    const { batchJobId, revision, startsAt } = start;
    const timestamp = this.clock.now().getTime();
    const delay = Math.max(0, startsAt.getTime() - timestamp);
    if (Number.isSafeInteger(delay)) return { id: wakeUpId(start), data: { batchJobId, revision }, timestamp, delay };
    this.logger.error('not an instant', { batchJobId, revision });
    return null;
  }

  private async describe(job: Job<WakeUp>): Promise<QueueJob> {
    const firesAt = this.clock.at(job.timestamp + (job.opts.delay ?? 0));
    return { queueJobId: String(job.id), isDelayed: await job.isDelayed(), firesAt };
  }
}
