import type { Queue } from 'bull';
import { REDIS_PATIENCE_MS } from '../shared/redis.js';
import { within } from '../shared/within.js';

/*
 * What Bull does not offer and a worker needs: everything here touches private fields of Bull 4.16, and nothing else does.
 */

// Closing tells Redis good-bye and connects once more; what waits longer than that waits for a Redis that is silent.
const FAREWELL_MS = 3 * REDIS_PATIENCE_MS;

/** The part of Bull's queue that its types leave out. */
interface InnerQueue {
  paused: Promise<never> | null;
  /** Asking for `bclient` would otherwise connect it. */
  readonly bclientInitialized?: boolean;
  /** Waits for the next queue job. */
  readonly bclient: { disconnect(): void; readonly blocked?: boolean };
  /** Hears of new delayed jobs. */
  readonly eclient: { subscribe(...channels: string[]): Promise<unknown> };
}

/**
 * Without it, each queue job that ends during the drain would fetch the next one. It is Bull's own local pause, but for
 * the connection that Bull then makes anew.
 */
export function stopFetching(queue: Queue): void {
  const bull = queue as unknown as InnerQueue;
  bull.paused = new Promise(() => undefined);
  if (bull.bclientInitialized) bull.bclient.disconnect();
}

/**
 * ioredis subscribes again with each new connection, in a promise that nobody hears: a Redis that has another password
 * by then would end the process.
 */
export function hearRefusals(queue: Queue): void {
  const { eclient } = queue as unknown as InnerQueue;
  const subscribe = eclient.subscribe.bind(eclient);
  Object.assign(eclient, {
    subscribe: (...channels: string[]) => {
      const subscribing = subscribe(...channels);
      subscribing.catch(() => undefined);
      return subscribing;
    },
  });
}

/** Bull's own waiting `close` would wait for Redis as well, for ever. */
export async function leave(queue: Queue): Promise<void> {
  const closing = queue.close(true).then(
    () => 'closed' as const,
    () => 'closed' as const,
  );
  let outcome = await within(FAREWELL_MS, closing);
  while (outcome !== 'closed') {
    // Again and again, as a connection that Bull makes after the first cut would wait as well.
    cut(queue);
    outcome = await within(REDIS_PATIENCE_MS, closing);
  }
}

export function cut(queue: Queue): void {
  for (const client of queue.clients) if (client.status !== 'end') client.disconnect();
}

/** It waits for a queue job at this moment. */
export function isBlocked(queue: Queue): boolean {
  const bull = queue as unknown as InnerQueue;
  return bull.bclientInitialized === true && bull.bclient.blocked === true;
}

/** Calls `listener` each time a look into the queue has come back, with a queue job or without. */
export function watchFetches(queue: Queue, listener: () => void): void {
  const next = queue.getNextJob.bind(queue);
  Object.assign(queue, {
    // Bull would name its connection in a promise whose failure nobody hears: a worker closed before Redis answered
    // would end as if it had crashed.
    setWorkerName: () => Promise.resolve(),
    getNextJob: async () => {
      const job = await next();
      // What comes back because the connection was cut on purpose has fetched nothing.
      if (!(queue as unknown as InnerQueue).paused) listener();
      return job;
    },
  });
}
