import type { Queue } from 'bull';
import type { Clock } from '../shared/clock.js';
import type { PatientRedis } from '../shared/patient-redis.js';

/** Bull's score of a delayed queue job: when it fires, in milliseconds, times this, and a counter in the low twelve bits. */
const SCORES_PER_MS = 4_096;

/** The score of the first queue job that fires at an instant. */
export const scoreAt = (instantMs: number): number => instantMs * SCORES_PER_MS;

const firingTimeOf = (score: string): number => Math.floor(Number(score) / SCORES_PER_MS);

/**
 * Reads Bull's delayed set.
 *
 * @param members as `ZRANGE … WITHSCORES` gives them: an id, its score, the next id, …
 * @returns when each queue job fires, in milliseconds since 1970, by its id
 */
export function firingTimesOf(members: readonly string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (let at = 0; at < members.length; at += 2) times.set(members[at], firingTimeOf(members[at + 1]));
  return times;
}

/** When wake-ups fire, by their ids. */
export type FiringTimes = ReadonlyMap<string, Date>;

/** A page of a walk through the whole set. */
export interface ScannedPage {
  readonly armed: FiringTimes;
  /** Where the next page begins. `SCAN_BEGINNING`: this was the last one. */
  readonly next: string;
}

/** Where a walk through the set begins, and ends. */
export const SCAN_BEGINNING = '0';

/**
 * The wake-ups that have not fired, read a page at a time: what one command takes of Redis does not grow with the set.
 * Every method answers null when Redis does not.
 */
export class DelayedSet {
  private readonly key: string;

  constructor(
    private readonly queue: Queue,
    private readonly redis: PatientRedis,
    private readonly clock: Clock,
  ) {
    this.key = queue.toKey('delayed');
  }

  /** How many there are. */
  size(): Promise<number | null> {
    return this.redis.ask('count', () => this.queue.client.zcard(this.key));
  }

  /** Those that fire first, up to an instant, and no more of them than `limit`. */
  listUntil(until: Date, limit: number): Promise<FiringTimes | null> {
    const last = String(scoreAt(until.getTime() + 1));
    return this.redis.ask('list', async () =>
      this.read(await this.queue.client.zrangebyscore(this.key, '-inf', `(${last}`, 'WITHSCORES', 'LIMIT', 0, limit)),
    );
  }

  /**
   * About `limit` of all, in no order; all of a small set. A walk meets each that is there from its beginning to its end,
   * some of them twice.
   *
   * @param from `SCAN_BEGINNING`, or `next` of the page before
   */
  scan(from: string, limit: number): Promise<ScannedPage | null> {
    return this.redis.ask('list', async () => {
      const [next, members] = await this.queue.client.zscan(this.key, from, 'COUNT', limit);
      return { armed: this.read(members), next };
    });
  }

  /** Those of the given ids that wait. */
  firingTimes(queueJobIds: readonly string[]): Promise<FiringTimes | null> {
    if (queueJobIds.length === 0) return Promise.resolve(new Map());
    return this.redis.ask('list', async () => {
      const scores = await this.queue.client.zmscore(this.key, ...queueJobIds);
      const found = queueJobIds.map((id, at): [string, string | null] => [id, scores[at]]);
      return new Map(
        found.flatMap(([id, score]) => (score === null ? [] : [[id, this.clock.at(firingTimeOf(score))] as const])),
      );
    });
  }

  private read(members: readonly string[]): FiringTimes {
    return new Map([...firingTimesOf(members)].map(([id, firesAtMs]) => [id, this.clock.at(firesAtMs)]));
  }
}
