import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisPatience } from './redis-patience.js';
import { requestContext } from './request-context.js';

/**
 * Asks Redis on behalf of somebody who cannot wait for it: 500 ms, or what is left of those of the request. Says in the
 * log when Redis goes and when it is back.
 */
export class PatientRedis {
  private isAway = false;

  constructor(private readonly logger: Logger) {}

  /** @returns null when Redis does not answer in time, or with a failure. A command that is answered later still takes effect. */
  ask<T>(what: string, ask: () => Promise<T>): Promise<T | null> {
    const patience = requestContext.getStore()?.redisPatience ?? new RedisPatience();
    return patience.during(this.answerWithin(patience.leftMs, what, ask));
  }

  private async answerWithin<T>(patienceMs: number, what: string, ask: () => Promise<T>): Promise<T | null> {
    const over = new AbortController();
    const tooLate = sleep(patienceMs, 'too late' as const, { signal: over.signal });
    try {
      const answer = await Promise.race([ask(), tooLate]);
      if (answer === 'too late') return this.noteFailure(what, `no answer within ${Math.round(patienceMs)} ms`);
      this.noteAnswer();
      return answer;
    } catch (error) {
      return this.noteFailure(what, (error as Error).message);
    } finally {
      over.abort();
      tooLate.catch(() => undefined);
    }
  }

  /** One line when Redis goes and one when it is back: it is asked every few seconds for as long as it is away. */
  private noteFailure(what: string, reason: string): null {
    if (this.isAway) this.logger.debug('redis is still away', { what, reason });
    else this.logger.warn('redis is away', { what, reason });
    this.isAway = true;
    return null;
  }

  private noteAnswer(): void {
    if (this.isAway) this.logger.log('redis is back');
    this.isAway = false;
  }
}
