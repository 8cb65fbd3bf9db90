interface Lane<Item> {
  readonly waiting: Map<string, Item>;
  inHand: number;
  /** When it last got a place, in turns since the beginning. */
  lastTurn: number;
}

export interface LanesOptions<Item> {
  /** Most items that are worked on at one time, at least 1. */
  readonly places: number;
  /** An item that is in a lane, or being worked on, is not taken a second time. */
  readonly keyOf: (item: Item) => string;
  /** Who waits for nobody else: an organization. */
  readonly laneOf: (item: Item) => string;
}

// A lane takes another place only while it holds fewer than so many times what is free: 40 of 50 places for one alone,
// 22 each for two. So whoever comes next finds a free place at once, and has an even share soon; of 50 places between
// two and ten stay free. (Choudhury and Hahne, Dynamic Queue Length Thresholds for Shared-Memory Packet Switches,
// 1998.)
const TIMES_WHAT_IS_FREE = 4;

/**
 * Works on items in lanes that do not hold each other up: a free place goes to the lane with the fewest items in hand,
 * among equals to the one that has waited longest for a turn. In memory only.
 */
export class Lanes<Item> {
  private readonly lanes = new Map<string, Lane<Item>>();
  private readonly inHand = new Map<string, Promise<void>>();
  private turns = 0;
  private isStopped = false;

  /** @param work must not throw: it decides itself what a failure means */
  constructor(
    private readonly work: (item: Item) => Promise<void>,
    private readonly options: LanesOptions<Item>,
  ) {}

  /** Keys of what waits and of what is being worked on. */
  get keys(): string[] {
    return [...this.keysInHand, ...[...this.lanes.values()].flatMap(({ waiting }) => [...waiting.keys()])];
  }

  /** Keys of what is being worked on. */
  get keysInHand(): string[] {
    return [...this.inHand.keys()];
  }

  /** Works on the item when it is its turn. Nothing happens when it is here already, or all is stopped. */
  add(item: Item): void {
    const key = this.options.keyOf(item);
    if (this.isStopped || this.inHand.has(key)) return;
    this.laneOf(item).waiting.set(key, item);
    this.workOff();
  }

  /** Forgets what waits. */
  clear(): void {
    for (const [name, { waiting, inHand }] of this.lanes) {
      waiting.clear();
      if (inHand === 0) this.lanes.delete(name);
    }
  }

  /** Begins with nothing more. @returns when what is in hand has ended */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.clear();
    await Promise.all(this.inHand.values());
  }

  private workOff(): void {
    for (let lane = this.next(); lane; lane = this.next()) this.begin(lane);
  }

  private next(): Lane<Item> | null {
    const free = this.options.places - this.inHand.size;
    let next: Lane<Item> | null = null;
    for (const lane of this.lanes.values()) {
      if (lane.waiting.size === 0 || lane.inHand >= TIMES_WHAT_IS_FREE * free) continue;
      if (!next || isBefore(lane, next)) next = lane;
    }
    return next;
  }

  private begin(lane: Lane<Item>): void {
    const [[key, item]] = lane.waiting;
    lane.waiting.delete(key);
    lane.inHand += 1;
    lane.lastTurn = this.turns += 1;
    const working = this.work(item).finally(() => {
      this.inHand.delete(key);
      lane.inHand -= 1;
      if (lane.inHand === 0 && lane.waiting.size === 0) this.lanes.delete(this.options.laneOf(item));
      this.workOff();
    });
    this.inHand.set(key, working);
  }

  private laneOf(item: Item): Lane<Item> {
    const name = this.options.laneOf(item);
    const lane = this.lanes.get(name) ?? { waiting: new Map<string, Item>(), inHand: 0, lastTurn: 0 };
    this.lanes.set(name, lane);
    return lane;
  }
}

const isBefore = (one: Lane<unknown>, other: Lane<unknown>): boolean =>
  one.inHand < other.inHand || (one.inHand === other.inHand && one.lastTurn < other.lastTurn);
