import Bull, { type JobOptions, type Queue } from 'bull';
import type { World } from './world.js';

/** Bull without the gateway: what anybody with access to Redis may add. */
export class RawQueue {
  private constructor(
    private readonly world: World,
    private readonly queue: Queue,
  ) {}

  static async open(world: World): Promise<RawQueue> {
    const [prefix, name] = world.queueKey('').split(':');
    const queue = new Bull(name, world.redis.url, { prefix });
    queue.on('error', () => undefined);
    await queue.isReady();
    return new RawQueue(world, queue);
  }

  async add(data: unknown, options?: JobOptions, name = 'start'): Promise<void> {
    if (options?.jobId !== undefined) this.world.foreign.add(String(options.jobId));
    await this.queue.add(name, data, options);
  }

  async close(): Promise<void> {
    await this.queue.close();
  }
}
