import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for `work`, and no longer than that; it goes on all the same. @returns null when the time was up first */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  const patience = new AbortController();
  const late = sleep(ms, null, { signal: patience.signal }).catch(() => null);
  const outcome = await Promise.race([work, late]);
  patience.abort();
  return outcome;
}
