import { REDIS_PATIENCE_MS } from './redis.js';

/**
 * How long one request waits for Redis in all: 500 ms, however many ask it on its behalf. What one has waited, the next
 * has no longer; those who wait at the same time share the same wait.
 */
export class RedisPatience {
  private spentMs = 0;
  private waiting = 0;
  private since = 0;

  /** What is left; 0: ask, and do not wait. */
  get leftMs(): number {
    const runningMs = this.waiting > 0 ? performance.now() - this.since : 0;
    return Math.max(0, REDIS_PATIENCE_MS - this.spentMs - runningMs);
  }

  /** Counts the time that passes until the answer, or the failure. */
  async during<T>(answer: Promise<T>): Promise<T> {
    if (this.waiting === 0) this.since = performance.now();
    this.waiting += 1;
    try {
      return await answer;
    } finally {
      this.waiting -= 1;
      if (this.waiting === 0) this.spentMs += performance.now() - this.since;
    }
  }
}
