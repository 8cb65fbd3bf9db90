interface Sleeper {
  readonly wakesAtMs: number;
  readonly wake: () => void;
}

/** Time that passes when it is told to, for every clock and every sleep of the simulated processes. */
class SimulatedTime {
  private epochMs = 0;
  private readonly sleepers = new Set<Sleeper>();

  get nowMs(): number {
    return this.epochMs;
  }

  /** Begins anew, with nobody asleep. */
  set(now: string): void {
    this.epochMs = Date.parse(now);
    this.sleepers.clear();
  }

  pass(ms: number): void {
    this.epochMs += ms;
    for (const sleeper of this.sleepers) {
      if (sleeper.wakesAtMs > this.epochMs) continue;
      this.sleepers.delete(sleeper);
      sleeper.wake();
    }
  }

  /** Stands in for the `setTimeout` of `node:timers/promises`. */
  readonly sleep = <T>(ms: number, value?: T, { signal }: { signal?: AbortSignal } = {}): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      const sleeper: Sleeper = { wakesAtMs: this.epochMs + ms, wake: () => resolve(value) };
      const abort = () => {
        this.sleepers.delete(sleeper);
        reject(new Error('aborted'));
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      this.sleepers.add(sleeper);
    });
}

/** The one that the product's modules are given: they are loaded once, each run sets it anew. */
export const simulatedTime = new SimulatedTime();
