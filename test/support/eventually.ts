import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats a check until it passes; after the deadline its last failure is the test's. The deadline is for a machine that
 * has three times as much to do as it can: no promise of the service is judged by it.
 */
export async function eventually<T>(check: () => Promise<T> | T, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(20);
    }
  }
}
