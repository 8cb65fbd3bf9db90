import type { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RedisPatience } from './redis-patience.js';
import { requestContext } from './request-context.js';
import { ServerWatch, type ServerState } from './server-watch.js';
import { within } from './within.js';

/**
 * A snapshot that failed, a replica, a full memory, too few replicas, a user without the right: not a word is written.
 */
const REFUSAL = /\b(MISCONF|READONLY|OOM|NOREPLICAS|NOPERM)\b/;

/** Short, as the key is only for being written. */
const PROBE_KEPT_MS = 1_000;

/** Writes a key of no other use. @throws what Redis says against it */
export const tryToWrite = (redis: Redis, key: string): Promise<unknown> => redis.set(key, '', 'PX', PROBE_KEPT_MS);

/**
 * Asks Redis on behalf of somebody who cannot wait for it: 500 ms, or what is left of those of the request. Says in the
 * log when Redis goes or refuses writes, and when it is back.
 */
export class PatientRedis {
  private readonly watch: ServerWatch;

  constructor(logger: Logger) {
    this.watch = new ServerWatch('redis', logger);
  }

  /** As it was when it was last asked. */
  get state(): ServerState {
    return this.watch.state;
  }

  /** @returns null when Redis does not answer in time, or with a failure. A command that is answered later still takes effect. */
  ask<T>(what: string, ask: () => Promise<T>): Promise<T | null> {
    return this.answer(what, ask, () => this.watch.noteAnswer());
  }

  /**
   * The same of what takes room in Redis: only such an answer shows that Redis takes writes, as a full one still
   * deletes.
   */
  store<T>(what: string, ask: () => Promise<T>): Promise<T | null> {
    return this.answer(what, ask, () => this.watch.noteWrite());
  }

  private answer<T>(what: string, ask: () => Promise<T>, note: () => void): Promise<T | null> {
    const patience = requestContext.getStore()?.redisPatience ?? new RedisPatience();
    return patience.during(this.answerWithin(patience.leftMs, what, ask, note));
  }

  private async answerWithin<T>(
    patienceMs: number,
    what: string,
    ask: () => Promise<T>,
    note: () => void,
  ): Promise<T | null> {
    try {
      const answered = await within(
        patienceMs,
        ask().then((answer) => ({ answer })),
      );
      if (answered === null) return this.noteFailure(what, `no answer within ${Math.round(patienceMs)} ms`);
      note();
      return answered.answer;
    } catch (error) {
      return this.noteFailure(what, (error as Error).message);
    }
  }

  private noteFailure(what: string, reason: string): null {
    const [refusal] = REFUSAL.exec(reason) ?? [];
    if (refusal === undefined) this.watch.noteSilence({ what, reason });
    else this.watch.noteRefusal({ what, reason: refusal });
    return null;
  }
}
