interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Does the same piece of work for many at once: who asks while a batch is being worked on is part of the next one. Nobody
 * waits for company, and one commit serves all of a batch, so that throughput does not hang on how fast a disk confirms.
 */
export class Batched<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private isWorking = false;

  /**
   * @param work gets 1 to `most` items, no two with the same key; gives back a result for each, in their order
   * @param keyOf two items of the same key are worked on one after the other
   */
  constructor(
    private readonly work: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly keyOf: (item: Item) => string,
    private readonly most: number,
  ) {}

  /** @throws what the work throws for the item; where it failed for many, each is tried once more by itself */
  do(item: Item): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.isWorking) void this.workOff();
    });
  }

  private async workOff(): Promise<void> {
    this.isWorking = true;
    while (this.waiting.length > 0) {
      const batch = this.takeNext();
      try {
        const results = await this.work(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, at) => resolve(results[at]));
      } catch (error) {
        if (batch.length === 1) batch[0].reject(error);
        else await Promise.all(batch.map((one) => this.doAlone(one)));
      }
    }
    this.isWorking = false;
  }

  /** One that cannot be done must not keep the others from being done. */
  private async doAlone({ item, resolve, reject }: Waiting<Item, Result>): Promise<void> {
    try {
      const [result] = await this.work([item]);
      resolve(result);
    } catch (error) {
      reject(error);
    }
  }

  private takeNext() {
    const keys = new Set<string>();
    const isTaken = this.waiting.map(({ item }) => {
      const key = this.keyOf(item);
      if (keys.size === this.most || keys.has(key)) return false;
      keys.add(key);
      return true;
    });
    const batch = this.waiting.filter((_, at) => isTaken[at]);
    this.waiting = this.waiting.filter((_, at) => !isTaken[at]);
    return batch;
  }
}
