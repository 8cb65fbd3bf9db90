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
  private mark: string | null = null;

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
    this.mark = null;
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
      /** As `wake-up.script.ts` has it: a count, so many keys and a token, then six words for each replacement. */
      replaceWakeUps: (keys: number, ...all: (string | number)[]) => {
        const words = all.slice(keys + 1).map(String);
        return command(`replace ${words[0]} ${words[1]}`, () => {
          let [removed, set] = [0, 0];
          for (let at = 0; at < words.length; at += 6) {
            const [ended, id, data, opts] = words.slice(at, at + 4);
            if (this.remove(ended)) removed += 1;
            if (id && this.add(id, JSON.parse(data) as WakeUp, JSON.parse(opts) as JobOptions & { timestamp: number }))
              set += 1;
          }
          return [removed, set];
        });
      },
      zrangebyscore: (
        _key: string,
        _from: string,
        to: string,
        _scores: string,
        _limit: string,
        _offset: number,
        most: number,
      ) =>
        command('zrangebyscore', () =>
          this.members()
            .filter(([, score]) => score < Number(to.slice(1)))
            .slice(0, most)
            .flatMap(([id, score]) => [id, String(score)]),
        ),
      zscan: () => command('zscan', () => ['0', this.members().flatMap(([id, score]) => [id, String(score)])]),
      zmscore: (_key: string, ...ids: string[]) =>
        command('zmscore', () => {
          const scores = new Map(this.members());
          return ids.map((id) => (scores.has(id) ? String(scores.get(id)) : null));
        }),
      get: () => command('get mark', () => this.mark),
      set: (_key: string, mark: string) => command('set mark', () => void (this.mark = mark)),
    };
    const queue = {
      client,
      toKey: (name: string) => name,
    };
    return queue as unknown as Queue<WakeUp>;
  }

  /** What is delayed, with the scores that Bull gives, the first to fire first. */
  private members(): [string, number][] {
    const members = [...this.delayed()].map(([id, atMs]): [string, number] => [id, scoreAt(atMs)]);
    return members.toSorted(([, one], [, other]) => one - other);
  }

  /** A used id is silently ignored. */
  private add(id: string, data: WakeUp, opts: JobOptions & { timestamp: number }): boolean {
    if (this.entries.has(id)) return false;
    const delayMs = Number(opts.delay);
    const state = delayMs > 0 ? 'delayed' : 'waiting';
    this.entries.set(id, { id, data, firesAtMs: opts.timestamp + delayMs, opts, state });
    return true;
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
