import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats a piece of work for as long as the process serves, never two at a time, until it is stopped. */
export class Recurring {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private hurry = new AbortController();

  /**
   * @param work must not throw: it decides itself what a failure means. Gets a signal that rises with `stop`.
   * @param pauseMs from the end of one round to the beginning of the next
   */
  constructor(
    private readonly work: (signal: AbortSignal) => Promise<void>,
    private readonly pauseMs: number,
  ) {}

  start(): void {
    this.running = this.repeat();
  }

  /** Begins the next round at once instead of after the pause; one in progress ends first. */
  hasten(): void {
    this.hurry.abort();
  }

  /** Ends after the round in progress. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.hurry.abort();
    await this.running;
  }

  private async repeat(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      // Of this round: a hurry that comes while it works is not lost.
      this.hurry = new AbortController();
      const { signal: hurry } = this.hurry;
      await this.work(signal);
      if (!signal.aborted) await sleep(this.pauseMs, undefined, { signal: hurry }).catch(() => undefined);
    }
  }
}
