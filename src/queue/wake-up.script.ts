import type { Queue } from 'bull';
import type { Redis } from 'ioredis';

/**
 * Takes one wake-up away and sets another, as Bull does it with eleven commands in two scripts and a look between them.
 * What is written is to the byte what Bull 4.16 writes, and `test/integration/scheduler-gateway.int-spec.ts` compares it.
 * Two things differ: nothing is removed that a worker has locked, which is no failure; and workers are told of the new one
 * only when it is the first to fire, as they set their timers by that one anyway.
 */
const REPLACE_WAKE_UP = `
  local delayed, wait, paused, active, counter, isPaused, endedJob, endedLock, job = unpack(KEYS)
  local ended, id, data, opts, timestamp, delay, token = unpack(ARGV)
  local removed = 0

  if ended ~= '' and redis.call('EXISTS', endedLock) == 0 then
    removed = redis.call('ZREM', delayed, ended)
    if removed == 0 and redis.call('EXISTS', endedJob) == 1 then
      for _, list in ipairs({ wait, paused, active }) do redis.call('LREM', list, 0, ended) end
      removed = 1
    end
    redis.call('DEL', endedJob)
  end

  if id ~= '' and redis.call('EXISTS', job) == 0 then
    local count = redis.call('INCR', counter)
    redis.call('HSET', job, 'name', 'start', 'data', data, 'opts', opts, 'timestamp', timestamp,
      'delay', delay, 'priority', '0')
    if tonumber(delay) > 0 then
      local firesAt = timestamp + delay
      redis.call('ZADD', delayed, string.format('%.0f', firesAt * 4096 + bit.band(count, 4095)), id)
      if redis.call('ZRANGE', delayed, 0, 0)[1] == id then
        redis.call('PUBLISH', delayed, string.format('%.0f', firesAt))
      end
    else
      local list = wait
      if redis.call('EXISTS', isPaused) == 1 then list = paused end
      redis.call('LPUSH', list, id)
      redis.call('PUBLISH', wait .. 'ing@' .. token, id)
    end
  end

  return removed`;

/** A wake-up that is to be set. */
export interface NewWakeUp {
  /** Bull's id of the queue job. Set once, it is left as it is. */
  readonly id: string;
  readonly data: object;
  /** Of the process, in milliseconds since 1970. */
  readonly timestamp: number;
  /** In milliseconds after that; 0: at once. */
  readonly delay: number;
}

/** The client of a queue that knows the script. */
interface ScriptClient {
  replaceWakeUp(...keysAndArguments: (string | number)[]): Promise<number>;
}

/** Bull keeps the token of a queue object, by which its events are told from others', to itself. */
interface QueueToken {
  readonly token: string;
}

export type ReplaceWakeUp = (ended: string | null, next: NewWakeUp | null) => Promise<boolean>;

/**
 * @returns replaces a wake-up by another, either of which may be missing. Its answer: the old one was found and removed
 */
export function replaceWakeUpOf(queue: Queue): ReplaceWakeUp {
  const client = queue.client as Redis & ScriptClient;
  client.defineCommand('replaceWakeUp', { numberOfKeys: 9, lua: REPLACE_WAKE_UP });
  const keys = ['delayed', 'wait', 'paused', 'active', 'id', 'meta-paused'].map((name) => queue.toKey(name));
  const { token } = queue as unknown as QueueToken;
  return async (ended, next) => {
    const removed = await client.replaceWakeUp(
      ...keys,
      queue.toKey(ended ?? ''),
      queue.toKey(`${ended ?? ''}:lock`),
      queue.toKey(next?.id ?? ''),
      ended ?? '',
      next?.id ?? '',
      JSON.stringify(next?.data ?? {}),
      JSON.stringify(next ? optionsOf(next) : {}),
      next?.timestamp ?? 0,
      next?.delay ?? 0,
      token,
    );
    return removed === 1;
  };
}

/** In the order in which Bull writes them. */
const optionsOf = ({ id, timestamp, delay }: NewWakeUp): object => ({
  jobId: id,
  timestamp,
  delay,
  removeOnComplete: true,
  removeOnFail: true,
  attempts: 1,
});
