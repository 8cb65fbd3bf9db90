import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { callerConnection } from '../shared/redis.js';
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

/** Counts requests per key in Redis, and in this process alone while Redis is away. */
@Injectable()
export class RateLimiter implements OnApplicationShutdown {
  private readonly logger = new Logger(RateLimiter.name);
  private readonly redis: Redis;
  private readonly limiter: RateLimiterRedis;

  constructor(@Inject(SETTINGS) settings: Settings) {
    const limits = {
      points: settings.rateLimitPerMinute,
      duration: WINDOW_SECONDS,
      keyPrefix: `${settings.redisKeyPrefix}:rate`,
    };
    this.redis = new Redis(callerConnection(settings.redisUrl));
    this.redis.on('error', (error: NodeJS.ErrnoException) =>
      this.logger.debug('redis connection failed', { reason: error.code ?? error.name }),
    );
    this.limiter = new RateLimiterRedis({
      ...limits,
      storeClient: this.redis,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory(limits),
    });
  }

  /** The wait for a Redis that does not answer is the request's: nobody else waits for it once more. */
  async take(keyId: string): Promise<RateLimitState> {
    const { points: limit } = this.limiter;
    const patience = requestContext.getStore()?.redisPatience ?? new RedisPatience();
    try {
      return this.describe(await patience.during(this.limiter.consume(keyId)), limit, true);
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
