import type { Job, JobOptions, ProcessCallbackFunction, Queue } from 'bull';
import type { JobData } from '../../src/queue/queues.js';
import type { Call } from './simulated-process.js';
import { scoreAt } from '../../src/queue/delayed-set.js';

type WakeUp = JobData<'batch-start', 'start'>;

interface Entry {
  readonly id: string;
  readonly data: WakeUp;
  readonly firesAtMs: number;
  readonly opts: JobOptions;
  /** `active`: a worker has its lock, or died with it; it cannot be removed. */
  state: 'delayed' | 'waiting' | 'active';
}

/** What Bull keeps in Redis, as far as it was measured to matter: see `docs/architecture.md` and the gateway. */
export class SimulatedRedis {
  isAway = false;
  /** Queue jobs that reached a worker without their data. */
  ghosts = 0;
  private readonly entries = new Map<string, Entry>();
  private hasEpoch = false;

  /** Ids of everything that could be delivered, now or again. */
  ids(): string[] {
    return [...this.entries.keys()];
  }

  delayed(): Map<string, number> {
    const delayed = [...this.entries.values()].filter(({ state }) => state === 'delayed');
    return new Map(delayed.map(({ id, firesAtMs }) => [id, firesAtMs]));
  }

  loseEverything(): void {
    this.entries.clear();
    this.hasEpoch = false;
  }

  /**
   * Hands a queue job to a worker, whenever and however often: Bull promises neither time nor number. Between popping
   * and locking its record may be removed; the worker then gets a job without data, as was measured with Bull 4.16.
   */
  async deliver(id: string, call: Call, handler: ProcessCallbackFunction<WakeUp>): Promise<void> {
    await call(`pop ${id}`, () => this.moveTo('waiting', id));
    const entry = await call(`lock ${id}`, () => this.moveTo('active', id));
    if (!entry) this.ghosts += 1;
    const job = { id, data: entry?.data ?? {}, opts: entry?.opts ?? {} } as unknown as Job<WakeUp>;
    // Failed or completed, it is removed: `removeOnFail`, `removeOnComplete`.
    await Promise.resolve(handler(job, () => {})).catch(() => undefined);
    await call(`acknowledge ${id}`, () => {
      if (this.entries.get(id) === entry) this.entries.delete(id);
    });
  }

  /** A producer's end, with what the gateway uses of it. */
  producer(call: Call): Queue<WakeUp> {
    const command: Call = (what, effect) =>
      call(what, () => {
        if (this.isAway) throw new Error('ECONNREFUSED');
        return effect();
      });
    const client = {
      defineCommand: () => undefined,
      /** As `wake-up.script.ts` has it: six keys, the prefix, then what it is about. */
      replaceWakeUp: (...all: (string | number)[]) => {
        const [ended, id, data, opts] = all.slice(7).map(String);
        return command(`replace ${ended} ${id}`, () => {
          const isRemoved = this.remove(ended);
          if (id) this.add(id, JSON.parse(data) as WakeUp, JSON.parse(opts) as JobOptions & { timestamp: number });
          return isRemoved ? 1 : 0;
        });
      },
      zrange: () => command('zrange', () => [...this.delayed()].flatMap(([id, atMs]) => [id, String(scoreAt(atMs))])),
      zmscore: (_key: string, ...ids: string[]) =>
        command('zmscore', () => {
          const armed = new Map(this.delayed());
          return ids.map((id) => (armed.has(id) ? String(armed.get(id)) : null));
        }),
      set: () =>
        command('set epoch', () => {
          if (this.hasEpoch) return null;
          this.hasEpoch = true;
          return 'OK';
        }),
    };
    const queue = {
      client,
      toKey: (name: string) => name,
    };
    return queue as unknown as Queue<WakeUp>;
  }

  /** A used id is silently ignored. */
  private add(id: string, data: WakeUp, opts: JobOptions & { timestamp: number }): void {
    if (this.entries.has(id)) return;
    const delayMs = Number(opts.delay);
    const state = delayMs > 0 ? 'delayed' : 'waiting';
    this.entries.set(id, { id, data, firesAtMs: opts.timestamp + delayMs, opts, state });
  }

  private moveTo(state: Entry['state'], id: string): Entry | undefined {
    const entry = this.entries.get(id);
    if (entry) entry.state = state;
    return entry;
  }

  private remove(id: string): boolean {
    return this.entries.get(id)?.state !== 'active' && this.entries.delete(id);
  }
}
