import { Batched } from './batched.js';

/** Items at once: a statement of more would keep its locks for longer than a commit takes. */
const MOST_AT_ONCE = 100;

/**
 * Does the same piece of work for many who ask at a time, so that one commit serves all of them. Who is alone waits for
 * nobody, and nobody waits for a lock that another one needs.
 */
export class Gathered<Item, Result> {
  private underWay = 0;
  private readonly together: Batched<Item, Result | null>;

  /**
   * @param alone does it for one, and may wait for its lock
   * @param together does it for 1 to 100, no two with the same key; waits for no lock. Null for one that it could not do:
   *   that one is done alone
   */
  constructor(
    keyOf: (item: Item) => string,
    private readonly alone: (item: Item) => Promise<Result>,
    together: (items: readonly Item[]) => Promise<readonly (Result | null)[]>,
  ) {
    this.together = new Batched(together, { keyOf, most: MOST_AT_ONCE });
  }

  /** @throws what the work throws for the item: see `Batched` */
  async do(item: Item): Promise<Result> {
    const isAlone = this.underWay === 0;
    this.underWay += 1;
    try {
      return (isAlone ? null : await this.together.do(item)) ?? (await this.alone(item));
    } finally {
      this.underWay -= 1;
    }
  }
}
