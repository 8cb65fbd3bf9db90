import type { Queue } from 'bull';
import type { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import type { PatientRedis } from '../shared/patient-redis.js';

/**
 * Gives the turn to who asks, if it is free, or it is another's and nearly over: so the one who had it last is the last to
 * get it again, unless it is told to keep it. A turn that ends later than one can was given before Redis' clock was set
 * back, and counts as over.
 */
const TAKE_TURN = `
  local holder, left = redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])
  local token, turn, keeps = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
  if holder and left >= 0 and left <= turn then
    if holder == token and not keeps then return 0 end
    if holder ~= token and left * 5 > turn then return 0 end
  end
  redis.call('SET', KEYS[1], token, 'PX', turn)
  return 1`;

/** The client of a queue that knows the script. */
interface ScriptClient {
  takeTurn(key: string, token: string, turnMs: number, keeps: 0 | 1): Promise<number>;
}

/** How often something is done, by whichever worker. */
export interface TurnTimes {
  /** How long the others leave it to the one that has the turn, in milliseconds. */
  readonly turnMs: number;
  /**
   * After so many milliseconds without a turn a worker does it uninvited: whatever Redis says, and whoever has the turn
   * and does nothing with it, none waits for longer.
   */
  readonly mostMs: number;
}

/**
 * Recurring work that is done once for all workers, by turns. It may be done by any number of them at one time, so a turn
 * spares work and guards nothing: where Redis does not answer, everybody has one.
 */
export class Turn {
  private readonly token = randomUUID();
  private readonly key: string;
  private readonly client: Redis & ScriptClient;
  private keeps = false;
  /** By the process's steady clock. */
  private begunAt = performance.now();

  constructor(
    queue: Queue,
    private readonly redis: PatientRedis,
    name: string,
    private readonly times: TurnTimes,
  ) {
    this.key = queue.toKey(`turn:${name}`);
    this.client = queue.client as Redis & ScriptClient;
    this.client.defineCommand('takeTurn', { numberOfKeys: 1, lua: TAKE_TURN });
  }

  /** @returns whether it is to be done now, by this worker */
  async take(): Promise<boolean> {
    const keeps = this.keeps ? 1 : 0;
    this.keeps = false;
    const { turnMs, mostMs } = this.times;
    const taken = await this.redis.ask('take turn', () => this.client.takeTurn(this.key, this.token, turnMs, keeps));
    if (taken === 0 && performance.now() - this.begunAt < mostMs) return false;
    // What is not answered may still take effect: then this worker would wait for itself.
    if (taken === null) this.keep();
    this.begunAt = performance.now();
    return true;
  }

  /** There is more to be done at once: the next turn is this worker's as well. */
  keep(): void {
    this.keeps = true;
  }

  /** It could not be done: the turn is free for anybody, also where Redis does not hear of it. */
  async giveBack(): Promise<void> {
    this.keep();
    await this.redis.ask('give turn back', () => this.client.del(this.key));
  }
}
