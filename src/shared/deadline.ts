import { setMaxListeners } from 'node:events';

/**
 * Gives work a time limit: a signal that rises when the time is over (with a `TimeoutError`), or as soon as `outer`
 * rises (with its reason). Timer and listener are gone when the work ends.
 *
 * The one place where signals are composed. `AbortSignal.any([outer, AbortSignal.timeout(ms)])` never rises on Node.js
 * 20 once the garbage collector has run, since it holds its sources weakly: a person was then called minutes after the
 * limit.
 *
 * @param work may ignore the signal; it is waited for all the same
 */
export async function withDeadline<T>(
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const followOuter = (): void => deadline.abort(outer.reason);
  const timer = setTimeout(() => deadline.abort(new DOMException(`Not done within ${ms} ms`, 'TimeoutError')), ms);
  // As many calls as are being placed wait for the end of one process.
  setMaxListeners(0, outer);
  outer.addEventListener('abort', followOuter, { once: true });
  if (outer.aborted) followOuter();
  try {
    return await work(deadline.signal);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', followOuter);
  }
}
