import type { Redis } from 'ioredis';

interface Refusal {
  readonly begin: (redis: Redis) => Promise<unknown>;
  readonly end: (redis: Redis) => Promise<unknown>;
}

/** Ways to make a Redis answer and take no change, by the word that it then says. */
export const REDIS_REFUSALS: Readonly<Record<string, Refusal>> = {
  NOREPLICAS: {
    begin: (redis) => redis.config('SET', 'min-replicas-to-write', '1'),
    end: (redis) => redis.config('SET', 'min-replicas-to-write', '0'),
  },
  OOM: {
    begin: (redis) => redis.config('SET', 'maxmemory', '1'),
    end: (redis) => redis.config('SET', 'maxmemory', '0'),
  },
  // Of a primary that is not there: it keeps what it has.
  READONLY: {
    begin: (redis) => redis.call('REPLICAOF', '127.0.0.1', '1'),
    end: (redis) => redis.call('REPLICAOF', 'NO', 'ONE'),
  },
};
