// Taken once: in Jest's context each look at a global is slow, and this one is made millions of times.
const { imul } = Math;

/** Numbers states in the order in which they are found: an open-addressing hash table over packed states. */
export class StateTable {
  private readonly keys: Float64Array;
  private readonly slots: Int32Array;
  private readonly mask: number;
  private count = 0;

  /** @param capacity most states; more are an error, not a partial search */
  constructor(private readonly capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(capacity * 2));
    this.keys = new Float64Array(capacity);
    this.slots = new Int32Array(slots).fill(-1);
    this.mask = slots - 1;
  }

  get size(): number {
    return this.count;
  }

  keyOf(index: number): number {
    return this.keys[index];
  }

  /** @returns the state's number; `-1 - number` when it was not known before */
  add(key: number): number {
    let slot = this.firstSlot(key);
    for (let found = this.slots[slot]; found !== -1; found = this.slots[slot]) {
      if (this.keys[found] === key) return found;
      slot = (slot + 1) & this.mask;
    }
    if (this.count === this.capacity) throw new Error(`more than ${this.capacity} states`);
    this.slots[slot] = this.count;
    this.keys[this.count] = key;
    this.count += 1;
    return -this.count;
  }

  /** Packed states are dense in their low digits: without a thorough mixing they pile up in long runs of slots. */
  private firstSlot(key: number): number {
    let mixed = (key | 0) ^ imul((key / 4_294_967_296) | 0, 0x9e37_79b1);
    mixed = imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 16)) & this.mask;
  }
}
