import { UnavailableError } from './unavailable.error.js';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchedOptions<Item> {
  /** Two items of the same key are worked on one after the other. */
  readonly keyOf: (item: Item) => string;
  /** Only items of the same group are worked on together, and no group waits for another. @default one for all */
  readonly groupOf?: (item: Item) => string;
  /** Items at once. */
  readonly most: number;
}

/**
 * Does the same piece of work for many at once: who asks while a batch is being worked on is part of the next one. Nobody
 * waits for company, and one commit serves all of a batch, so that throughput does not hang on how fast a disk confirms.
 */
export class Batched<Item, Result> {
  /** Those that are being worked on; what waits in them is for the next batch. */
  private readonly groups = new Map<string, Waiting<Item, Result>[]>();

  /** @param work gets 1 to `most` items of one group, no two with the same key; gives back a result for each, in their order */
  constructor(
    private readonly work: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly options: BatchedOptions<Item>,
  ) {}

  /**
   * @throws what the work throws for the item: where it failed for many, each is tried once more by itself, but for an
   *   outage, which is everybody's
   */
  do(item: Item): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const group = this.options.groupOf?.(item) ?? '';
      const waiting = this.groups.get(group);
      if (waiting) waiting.push({ item, resolve, reject });
      else void this.workOff(group, [{ item, resolve, reject }]);
    });
  }

  private async workOff(group: string, waiting: Waiting<Item, Result>[]): Promise<void> {
    this.groups.set(group, waiting);
    while (waiting.length > 0) {
      const batch = this.takeFrom(waiting);
      try {
        const results = await this.work(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, at) => resolve(results[at]));
      } catch (error) {
        if (batch.length === 1 || error instanceof UnavailableError) batch.forEach(({ reject }) => reject(error));
        else await this.doOneByOne(batch);
      }
    }
    this.groups.delete(group);
  }

  /** One that cannot be done must not keep the others from being done. */
  private async doOneByOne(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    for (const { item, resolve, reject } of batch) {
      await this.work([item]).then(([result]) => resolve(result), reject);
    }
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
