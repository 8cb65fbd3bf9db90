/** Asks once for all who want to know within a moment, so that asking is cheap however often it is done. */
export class SharedAnswer<T> {
  private kept: Promise<T> | null = null;
  private askedAt = 0;

  /** @param keptMs how long an answer, or the wait for it, is shared */
  constructor(
    private readonly ask: () => Promise<T>,
    private readonly keptMs: number,
  ) {}

  get(): Promise<T> {
    const now = performance.now();
    if (this.kept === null || now - this.askedAt >= this.keptMs) {
      this.kept = this.ask();
      this.askedAt = now;
    }
    return this.kept;
  }
}
