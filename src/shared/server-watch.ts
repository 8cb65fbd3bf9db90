import type { Logger } from '@nestjs/common';

/** What is known of a server: `'refuses_writes'` answers, and takes no change. */
export type ServerState = 'up' | 'down' | 'refuses_writes';

// A write that is taken does not prove that all are: a full disk, or a full memory, takes what fits. What is refused
// again and again is asked for more often than that.
const REFUSAL_HOLDS_MS = 5_000;

/**
 * Remembers how a server did when it was last asked, and says in the log when it goes and when it is back: one line
 * each.
 */
export class ServerWatch {
  private last: ServerState = 'up';
  private refusedAt = 0;

  /** @param server its name in the log */
  constructor(
    private readonly server: 'postgres' | 'redis',
    private readonly logger: Logger,
  ) {}

  get state(): ServerState {
    return this.last;
  }

  /**
   * It did not answer: away, or just being connected to anew after a refusal.
   *
   * @param facts what was asked, and what came instead
   */
  noteSilence(facts: object): void {
    if (this.isHeld) return;
    if (this.last === 'down') this.logger.debug(`${this.server} is still away`, facts);
    else this.logger.warn(`${this.server} is away`, facts);
    this.last = 'down';
  }

  /** It answered that it takes no change. */
  noteRefusal(facts: object): void {
    if (this.last === 'refuses_writes') this.logger.debug(`${this.server} still refuses writes`, facts);
    else this.logger.error(`${this.server} refuses writes`, facts);
    this.last = 'refuses_writes';
    this.refusedAt = performance.now();
  }

  /** It answered, which says nothing of its taking changes. */
  noteAnswer(): void {
    if (this.last === 'down') this.noteReturn();
  }

  /** It took a change. */
  noteWrite(): void {
    if (this.last !== 'up' && !this.isHeld) this.noteReturn();
  }

  private get isHeld(): boolean {
    return this.last === 'refuses_writes' && performance.now() - this.refusedAt < REFUSAL_HOLDS_MS;
  }

  private noteReturn(): void {
    this.logger.log(`${this.server} is back`);
    this.last = 'up';
  }
}
