/** A signal that rises after a while with a `TimeoutError`, whatever the garbage collector does meanwhile. */
export function risesAfter(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException('too late', 'TimeoutError')), ms).unref();
  return controller.signal;
}
