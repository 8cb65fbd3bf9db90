import { randomBytes } from 'node:crypto';

const FIRST_SLOTS = 1_024;

/** Above this share of taken slots the table grows: linear probing stays short. */
const MOST_TAKEN = 0.7;

/**
 * A set of E.164 numbers, for lists of any length: a million take 16 MB, where a `Set` of strings takes 80.
 *
 * A number has at most 15 digits and does not begin with zero, so as a double it is exact, and never 0, which marks a
 * free slot. The hash has a secret of its own in each set: a list cannot be made to collide.
 */
export class PhoneNumberSet {
  private slots = new Float64Array(FIRST_SLOTS);
  private taken = 0;
  private readonly low = randomOdd();
  private readonly high = randomOdd();

  /**
   * @param phoneNumber E.164: `'+14155550123'`
   * @returns false when it was there before
   */
  add(phoneNumber: string): boolean {
    const number = Number(phoneNumber);
    const slot = this.slotOf(number);
    if (this.slots[slot] === number) return false;
    this.slots[slot] = number;
    this.taken += 1;
    if (this.taken > this.slots.length * MOST_TAKEN) this.grow();
    return true;
  }

  get size(): number {
    return this.taken;
  }

  /** The slot that has the number, or the free one where it belongs. */
  private slotOf(number: number): number {
    const last = this.slots.length - 1;
    let slot = this.hash(number) & last;
    while (this.slots[slot] !== 0 && this.slots[slot] !== number) slot = (slot + 1) & last;
    return slot;
  }

  /** Both halves times a random odd number, and mixed as MurmurHash3 ends (fmix32): the low bits, which count, depend on all. */
  private hash(number: number): number {
    let hash = Math.imul((number % 2 ** 32) | 0, this.low) ^ Math.imul((number / 2 ** 32) | 0, this.high);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  }

  private grow(): void {
    const before = this.slots;
    this.slots = new Float64Array(before.length * 2);
    for (const number of before) if (number !== 0) this.slots[this.slotOf(number)] = number;
  }
}

const randomOdd = (): number => randomBytes(4).readInt32LE() | 1;
