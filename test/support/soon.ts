/**
 * Tells an answer from waiting for what is away, which takes minutes (ioredis waits 233 s by default), on any machine
 * and beside any load. How soon an answer is, is measured in `bench/` and not by a test.
 */
const SOON_MS = 60_000;

/** The answer to a request, which must not have waited for what is away. */
export async function soon<T>(what: string, ask: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const answer = await ask();
  const tookMs = Math.round(performance.now() - from);
  if (tookMs > SOON_MS) throw new Error(`${what} took ${tookMs} ms`);
  if (process.env.TELL_LATENESS) process.stderr.write(`${what}: ${tookMs} ms\n`);
  return answer;
}

const TICK_MS = 10;

/**
 * How long an answer was waited for: without the time in which this process had something else to do or, on a busy
 * machine, no processor.
 */
export async function waiting<T>(ask: () => Promise<T>): Promise<{ readonly answer: T; readonly waitedMs: number }> {
  const from = performance.now();
  let [tickedAt, heldUpMs] = [from, 0];
  const tick = (): void => {
    const at = performance.now();
    heldUpMs += Math.max(0, at - tickedAt - 2 * TICK_MS);
    tickedAt = at;
  };
  const ticking = setInterval(tick, TICK_MS);
  try {
    const answer = await ask();
    tick();
    return { answer, waitedMs: performance.now() - from - heldUpMs };
  } finally {
    clearInterval(ticking);
  }
}
