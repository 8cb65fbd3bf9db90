import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from './world.js';

const INTERVAL_MS = 200;
const WAKE_UP = /^(batch_[0-9A-Z]{26})\.r(\d+)$/g;

/**
 * Looks again and again whether Redis knows of a schedule that PostgreSQL does not have: Redis is read first, so what
 * is found there was either committed before, or set without being committed.
 */
export class RedisWatch {
  readonly seen: string[] = [];
  private readonly stopping = new AbortController();
  private readonly watching: Promise<void>;

  constructor(private readonly world: World) {
    this.watching = this.watch();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.watching;
  }

  private async watch(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      // A server that is away is a part of the fault.
      await this.look().catch(() => undefined);
      await sleep(INTERVAL_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async look(): Promise<void> {
    const { redis, postgres, foreign } = this.world;
    const ids = await redis.ask(async (client) => [
      ...(await client.zrange(this.world.queueKey('delayed'), 0, -1)),
      ...(await client.lrange(this.world.queueKey('wait'), 0, -1)),
      ...(await client.lrange(this.world.queueKey('active'), 0, -1)),
    ]);
    const wakeUps = ids.filter((id) => !foreign.has(id)).flatMap((id) => [...id.matchAll(WAKE_UP)]);
    if (wakeUps.length === 0) return;
    const rows = await postgres.ask<{ id: string; revision: number }>(
      'select id, schedule_revision as revision from batch_jobs where id = any ($1)',
      [wakeUps.map(([, id]) => id)],
    );
    const revisions = new Map(rows.map(({ id, revision }) => [id, revision]));
    for (const [wakeUp, id, revision] of wakeUps) {
      const committed = revisions.get(id) ?? 0;
      if (Number(revision) > committed) this.seen.push(`${wakeUp}, while the row was at revision ${committed}`);
    }
  }
}
