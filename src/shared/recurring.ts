import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkingPart } from './working-part.js';

// Above the longest round there is: wall times of all schedules read again, after an upgrade of the zone rules.
const LONGEST_ROUND_MS = 2 * 60_000;

/** Repeats a piece of work for as long as the process serves, never two at a time, until it is stopped. */
export class Recurring implements WorkingPart {
  readonly kind = 'loop';
  private readonly logger = new Logger(Recurring.name);
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private hurry = new AbortController();
  /** By the process's steady clock. Null: not started. */
  private completedAt: number | null = null;

  /**
   * @param work decides itself what a failure means; one that it throws is logged, and the round is not completed. Gets
   * a
   *   signal that rises with `stop`.
   * @param pauseMs from the end of one round to the beginning of the next
   */
  constructor(
    readonly name: string,
    private readonly work: (signal: AbortSignal) => Promise<void>,
    private readonly pauseMs: number,
  ) {}

  get silentForMs(): number {
    return this.completedAt === null ? 0 : performance.now() - this.completedAt;
  }

  /** A round hangs, or each one throws. */
  get isStopped(): boolean {
    return !this.stopping.signal.aborted && this.silentForMs > this.pauseMs + LONGEST_ROUND_MS;
  }

  start(): void {
    this.completedAt = performance.now();
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
      await this.completeRound(signal);
      if (!signal.aborted) await sleep(this.pauseMs, undefined, { signal: hurry }).catch(() => undefined);
    }
  }

  private async completeRound(signal: AbortSignal): Promise<void> {
    try {
      await this.work(signal);
      this.completedAt = performance.now();
    } catch (error) {
      this.logger.error('round failed', { loop: this.name, reason: (error as Error).name });
    }
  }
}
