import type { Queue } from 'bull';
import type { Redis } from 'ioredis';

/**
 * Takes wake-ups away and sets others, as Bull does it for each with eleven commands in two scripts and a look between
 * them. What is written is to the byte what Bull 4.16 writes, and `test/integration/scheduler-gateway.int-spec.ts` compares
 * it. Two things differ: nothing is removed that a worker has locked, which is no failure; and workers are told of a new one
 * only when it is the first to fire, as they set their timers by that one anyway. What is not there is not removed: a full
 * Redis lets a script go on that has written anything, be it nothing, and would take what it should refuse.
 */
const REPLACE_WAKE_UPS = `
  local delayed, wait, paused, active, counter, isPaused = unpack(KEYS, 1, 6)
  local token = ARGV[1]
  local removed, set = 0, 0

  for at = 0, (#KEYS - 6) / 3 - 1 do
    local endedJob, endedLock, job = unpack(KEYS, 7 + at * 3, 9 + at * 3)
    local ended, id, data, opts, timestamp, delay = unpack(ARGV, 2 + at * 6, 7 + at * 6)

    if ended ~= '' and redis.call('EXISTS', endedLock) == 0 then
      local isDelayed = redis.call('ZSCORE', delayed, ended)
      local hasRecord = redis.call('EXISTS', endedJob) == 1
      if isDelayed then
        redis.call('ZREM', delayed, ended)
      elseif hasRecord then
        for _, list in ipairs({ wait, paused, active }) do redis.call('LREM', list, 0, ended) end
      end
      if hasRecord then redis.call('DEL', endedJob) end
      if isDelayed or hasRecord then removed = removed + 1 end
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
      set = set + 1
    end
  end

  return { removed, set }`;

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

/** A wake-up that goes and one that comes; either may be missing, and both may be of one id. */
export interface Replacement {
  /** Bull's id of the queue job. */
  readonly ended: string | null;
  readonly next: NewWakeUp | null;
}

/** How many of the old ones were found and removed, and how many of the new ones were not there. */
export interface Replaced {
  readonly removed: number;
  readonly set: number;
}

/** The client of a queue that knows the script. */
interface ScriptClient {
  /** Keys are counted first. */
  replaceWakeUps(...keysAndArguments: (string | number)[]): Promise<[removed: number, set: number]>;
}

/** Bull keeps the token of a queue object, by which its events are told from others', to itself. */
interface QueueToken {
  readonly token: string;
}

export type ReplaceWakeUps = (replacements: readonly Replacement[]) => Promise<Replaced>;

/** @returns makes replacements in their order, in one step: as long as it lasts Redis serves nobody else */
export function replaceWakeUpsOf(queue: Queue): ReplaceWakeUps {
  const client = queue.client as Redis & ScriptClient;
  client.defineCommand('replaceWakeUps', { lua: REPLACE_WAKE_UPS });
  const keys = ['delayed', 'wait', 'paused', 'active', 'id', 'meta-paused'].map((name) => queue.toKey(name));
  const { token } = queue as unknown as QueueToken;
  return async (replacements) => {
    const ofEach = replacements.flatMap(({ ended, next }) => [
      queue.toKey(ended ?? ''),
      queue.toKey(`${ended ?? ''}:lock`),
      queue.toKey(next?.id ?? ''),
    ]);
    const given = replacements.flatMap((replacement) => argumentsOf(replacement));
    const [removed, set] = await client.replaceWakeUps(
      keys.length + ofEach.length,
      ...keys,
      ...ofEach,
      token,
      ...given,
    );
    return { removed, set };
  };
}

const argumentsOf = ({ ended, next }: Replacement): (string | number)[] => [
  ended ?? '',
  next?.id ?? '',
  JSON.stringify(next?.data ?? {}),
  JSON.stringify(next ? optionsOf(next) : {}),
  next?.timestamp ?? 0,
  next?.delay ?? 0,
];

/** In the order in which Bull writes them. */
const optionsOf = ({ id, timestamp, delay }: NewWakeUp): object => ({
  jobId: id,
  timestamp,
  delay,
  removeOnComplete: true,
  removeOnFail: true,
  attempts: 1,
});
