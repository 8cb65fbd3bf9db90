import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { connectCaller, tellFailures, type RedisConnection } from '../shared/redis.js';
import { RedisPatience } from '../shared/redis-patience.js';
import { requestContext } from '../shared/request-context.js';
import { SETTINGS, type Settings } from '../shared/settings.js';

const WINDOW_SECONDS = 60;

export interface RateLimitState {
  readonly isAllowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Until the count begins anew. */
  readonly resetSeconds: number;
}

/** What a key is used for, as far as it decides how often. */
export type RateClass = 'requests' | 'reports';

/** Counts requests per key in Redis, and in this process alone while Redis is away. */
@Injectable()
export class RateLimiter implements OnApplicationShutdown {
  private readonly logger = new Logger(RateLimiter.name);
  private readonly redis: RedisConnection;
  private readonly limiters: Readonly<Record<RateClass, RateLimiterRedis>>;

  constructor(@Inject(SETTINGS) settings: Settings) {
    // What is asked in one turn of the event loop travels together: a write to a socket costs as much as all the rest.
    this.redis = connectCaller(settings, { enableAutoPipelining: true });
    tellFailures(this.redis, this.logger);
    const limiter = (points: number): RateLimiterRedis => {
      const limits = { points, duration: WINDOW_SECONDS, keyPrefix: `${settings.redisKeyPrefix}:rate` };
      const insuranceLimiter = new RateLimiterMemory(limits);
      return new RateLimiterRedis({
        ...limits,
        storeClient: this.redis,
        rejectIfRedisNotReady: true,
        insuranceLimiter,
      });
    };
    this.limiters = {
      requests: limiter(settings.rateLimitPerMinute),
      reports: limiter(settings.reportRateLimitPerMinute),
    };
  }

  /** The wait for a Redis that does not answer is the request's: nobody else waits for it once more. */
  async take(keyId: string, rateClass: RateClass): Promise<RateLimitState> {
    const limiter = this.limiters[rateClass];
    const { points: limit } = limiter;
    const patience = requestContext.getStore()?.redisPatience ?? new RedisPatience();
    try {
      return this.describe(await patience.during(limiter.consume(keyId)), limit, true);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      return this.describe(refusal, limit, false);
    }
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }

  private describe(counted: RateLimiterRes, limit: number, isAllowed: boolean): RateLimitState {
    const { remainingPoints, msBeforeNext } = counted;
    return { isAllowed, limit, remaining: Math.max(0, remainingPoints), resetSeconds: Math.ceil(msBeforeNext / 1_000) };
  }
}
