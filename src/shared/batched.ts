import { UnavailableError } from './unavailable.error.js';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchedOptions<Item> {
  /** Two items of the same key are worked on one after the other. */
  readonly keyOf: (item: Item) => string;
  /** Items at once. */
  readonly most: number;
  /** Items that may fail together, and let the others go on. @default none */
  readonly groups?: {
    readonly of: (item: Item) => string;
    /** Whether a failure is that of one group, and the others may be well. */
    readonly isMeant: (error: unknown) => boolean;
  };
}

/**
 * Does the same piece of work for many at once: who asks while a batch is being worked on is part of the next one. Nobody
 * waits for company, and one commit serves all of a batch, so that throughput does not hang on how fast a disk confirms.
 */
export class Batched<Item, Result> {
  private readonly all: Waiting<Item, Result>[] = [];
  private isWorking = false;
  /** What waits, of each group that is being worked on by itself. */
  private readonly apart = new Map<string, Waiting<Item, Result>[]>();

  /**
   * @param work gets 1 to `most` items, no two with the same key; gives back a result for each, in their order. Is told
   *   whether they are of one group that is worked on by itself, and so may take its time
   */
  constructor(
    private readonly work: (items: readonly Item[], isApart: boolean) => Promise<readonly Result[]>,
    private readonly options: BatchedOptions<Item>,
  ) {}

  /**
   * @throws what the work throws for the item. Where it failed for many, each group is tried once more by itself for a
   *   failure that is one group's, and for another that is no outage each item
   */
  do(item: Item): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const waiting = this.apart.get(this.groupOf(item)) ?? this.all;
      waiting.push({ item, resolve, reject });
      if (waiting === this.all && !this.isWorking) void this.workOffAll();
    });
  }

  private async workOffAll(): Promise<void> {
    this.isWorking = true;
    while (this.all.length > 0) {
      const batch = this.takeFrom(this.all);
      await this.workOn(batch, false, (error) => {
        if (!this.options.groups?.isMeant(error)) return false;
        for (const each of batch) this.setApart(each);
        return true;
      });
    }
    this.isWorking = false;
  }

  private setApart(waiting: Waiting<Item, Result>): void {
    const group = this.groupOf(waiting.item);
    const others = this.apart.get(group);
    if (others) {
      others.push(waiting);
      return;
    }
    this.apart.set(group, [waiting]);
    // Begins when all of the batch are there.
    queueMicrotask(() => void this.workOffApart(group));
  }

  private async workOffApart(group: string): Promise<void> {
    const waiting = this.apart.get(group) ?? [];
    while (waiting.length > 0) {
      const batch = this.takeFrom(waiting);
      await this.workOn(batch, true, (error) => {
        if (!this.options.groups?.isMeant(error)) return false;
        for (const { reject } of batch) reject(error);
        return true;
      });
    }
    this.apart.delete(group);
  }

  /** @param isHandled what a failure means to all of them; false: nothing, one of them may have caused it */
  private async workOn(
    batch: readonly Waiting<Item, Result>[],
    isApart: boolean,
    isHandled: (error: unknown) => boolean,
  ): Promise<void> {
    try {
      const results = await this.work(
        batch.map(({ item }) => item),
        isApart,
      );
      batch.forEach(({ resolve }, at) => resolve(results[at]));
    } catch (error) {
      if (isHandled(error)) return;
      if (batch.length === 1 || error instanceof UnavailableError) batch.forEach(({ reject }) => reject(error));
      else await this.doOneByOne(batch, isApart);
    }
  }

  /** One that cannot be done must not keep the others from being done. */
  private async doOneByOne(batch: readonly Waiting<Item, Result>[], isApart: boolean): Promise<void> {
    for (const { item, resolve, reject } of batch) {
      await this.work([item], isApart).then(([result]) => resolve(result), reject);
    }
  }

  private groupOf(item: Item): string {
    return this.options.groups?.of(item) ?? '';
  }

  private takeFrom(waiting: Waiting<Item, Result>[]): Waiting<Item, Result>[] {
    const { keyOf, most } = this.options;
    const keys = new Set<string>();
    const isTaken = waiting.map(({ item }) => {
      const key = keyOf(item);
      if (keys.size === most || keys.has(key)) return false;
      keys.add(key);
      return true;
    });
    const batch = waiting.filter((_, at) => isTaken[at]);
    const left = waiting.filter((_, at) => !isTaken[at]);
    waiting.splice(0, waiting.length, ...left);
    return batch;
  }
}
