import type { Scheduler } from 'fast-check';
import { Clock } from '../../src/shared/clock.js';
import { simulatedTime } from './simulated-time.js';

const NEVER = new Promise<never>(() => {});

/** Carries out something at a server: the request is on its way, takes effect at one instant, and is answered. */
export type Call = <T>(what: string, effect: () => T) => Promise<T>;

/** The clock of one machine, some way off the true time. */
class MachineClock extends Clock {
  constructor(private readonly skewMs: number) {
    super();
  }

  override now(): Date {
    return this.at(simulatedTime.nowMs + this.skewMs);
  }
}

/**
 * A process that can die. Whatever it waits for then never comes back to it, so it ends between two steps: between a
 * request and its effect, or between the effect and the answer. Which of many waiting steps comes next, fast-check says.
 */
export class SimulatedProcess {
  readonly clock: Clock;
  private isAlive = true;

  constructor(
    readonly name: string,
    private readonly scheduler: Scheduler,
    skewMs: number,
  ) {
    this.clock = new MachineClock(skewMs);
  }

  die(): void {
    this.isAlive = false;
  }

  readonly call: Call = async (what, effect) => {
    await this.step(`asks: ${what}`);
    const answer = effect();
    await this.step(`is answered: ${what}`);
    return answer;
  };

  private async step(what: string): Promise<void> {
    await this.scheduler.schedule(Promise.resolve(), `${this.name} ${what}`);
    if (!this.isAlive) await NEVER;
  }
}
