/**
 * Waits for `work`, and no longer than that; it goes on all the same. An answer that has arrived is in time, however long
 * this process was too busy to read it.
 *
 * @returns null when the time was up first
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    // Between timers and immediates Node.js reads what has arrived.
    timer = setTimeout(() => setImmediate(resolve, null), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
