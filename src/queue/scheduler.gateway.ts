import { InjectQueue } from '@nestjs/bull';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job, Queue } from 'bull';
import type { ScheduledStart } from '../batch-jobs/batch-job.changes.js';
import { Clock } from '../shared/clock.js';
import { PatientRedis, tryToWrite } from '../shared/patient-redis.js';
import { tellFailures } from '../shared/redis.js';
import type { ServerState } from '../shared/server-watch.js';
import { DelayedSet } from './delayed-set.js';
import { BATCH_START_PRODUCER, type JobData } from './queues.js';
import { Turn, type TurnTimes } from './turn.js';
import { replaceWakeUpsOf, type NewWakeUp, type Replaced, type Replacement } from './wake-up.script.js';

type WakeUp = JobData<'batch-start', 'start'>;

const MARK = 'mark';

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
  private readonly replace: (replacements: readonly Replacement[]) => Promise<Replaced>;
  /** The wake-ups that have not fired. */
  readonly delayed: DelayedSet;

  constructor(
    @InjectQueue(BATCH_START_PRODUCER) private readonly starts: Queue<WakeUp>,
    private readonly clock: Clock,
  ) {
    this.replace = replaceWakeUpsOf(starts);
    this.delayed = new DelayedSet(starts, this.redis, clock);
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
    const replaced = await this.redis.store('add', () => this.replace([{ ended: endedId, next }]));
    return { oldJobCancelled: replaced?.removed === 1, isArmed: replaced !== null };
  }

  /** @returns whether the wake-up is known to be in Redis. Setting one that is there already changes nothing. */
  async wakeAt(start: ScheduledStart): Promise<boolean> {
    const { isArmed } = await this.rearm(null, start);
    return isArmed;
  }

  /** @returns whether the wake-up was found and removed; null when Redis does not answer */
  async forget(queueJobId: string): Promise<boolean | null> {
    const removed = await this.forgetAll([queueJobId]);
    return removed === null ? null : removed === 1;
  }

  /** @returns how many were found and removed; null when Redis does not answer */
  async forgetAll(queueJobIds: readonly string[]): Promise<number | null> {
    const replaced = await this.redis.ask('remove', () =>
      this.replace(queueJobIds.map((ended) => ({ ended, next: null }))),
    );
    return replaced && replaced.removed;
  }

  /**
   * Sets the wake-up of each anew, whatever Redis has of it: a record that lost its place in the delayed set blocks its id,
   * and one at a wrong time is left as it is. One that a worker has in its hands stays.
   *
   * @returns how many were set; null when Redis does not answer, and some of them may be
   */
  async renewAll(starts: readonly ScheduledStart[]): Promise<number | null> {
    const replacements = starts.flatMap((start) => {
      const next = this.wakeUpOf(start);
      return next ? [{ ended: next.id, next }] : [];
    });
    const replaced = await this.redis.store('add', () => this.replace(replacements));
    return replaced && replaced.set;
  }

  /** @returns null when Redis has no such wake-up, `'unknown'` when Redis does not answer */
  async lookUp(queueJobId: string): Promise<QueueJob | null | 'unknown'> {
    const found = await this.redis.ask('look up', async () => {
      const job = await this.starts.getJob(queueJobId);
      return { queueJob: job && (await this.describe(job)) };
    });
    return found ? found.queueJob : 'unknown';
  }

  /** Tries to write. */
  async probe(): Promise<ServerState> {
    await this.redis.store('probe', () => tryToWrite(this.starts.client, this.starts.toKey('probe')));
    return this.redis.state;
  }

  /** What was left by `leaveMark`: `mark` is null when Redis has lost its data, or never had any. Null when it does not answer. */
  readMark(): Promise<{ readonly mark: string | null } | null> {
    return this.redis.ask('look up', async () => ({ mark: await this.starts.client.get(this.starts.toKey(MARK)) }));
  }

  /** Leaves a word with the wake-ups, for whoever looks after them: it is lost when they are. @returns whether it is known to be in Redis */
  async leaveMark(mark: string): Promise<boolean> {
    return (await this.redis.store('mark', () => this.starts.client.set(this.starts.toKey(MARK), mark))) !== null;
  }

  /** @param name of work that one worker does for all */
  turn(name: string, times: TurnTimes): Turn {
    return new Turn(this.starts, this.redis, name, times);
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
