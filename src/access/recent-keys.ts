import type { ValidKey } from './api-keys.service.js';

// How long a key that another process revoked may go on working in this one (docs/operations.md, "A key has leaked").
const REMEMBERED_MS = 1_000;

// Some megabytes; of more keys within a second the oldest are looked up again.
const MAX_REMEMBERED = 10_000;

interface Remembered {
  readonly key: ValidKey;
  readonly until: number;
}

/** Spares the database the same look-up by every request of a busy client: what was found is good for one second. */
export class RecentKeys {
  /** The oldest first. */
  private readonly byHash = new Map<string, Remembered>();
  private revocations = 0;

  /** To be asked before a key is looked up, and given back with what is found. */
  get moment(): number {
    return this.revocations;
  }

  /** @returns null for a key that has to be looked up */
  find(hash: Buffer): ValidKey | null {
    const found = this.byHash.get(nameOf(hash));
    return found && performance.now() < found.until ? found.key : null;
  }

  /**
   * @param expiresInMs null: never
   * @param moment before the look-up: what was found before a revocation is not remembered after it
   */
  remember(hash: Buffer, key: ValidKey, expiresInMs: number | null, moment: number): void {
    if (moment !== this.revocations) return;
    const now = performance.now();
    const name = nameOf(hash);
    this.byHash.delete(name);
    this.byHash.set(name, { key, until: now + Math.min(REMEMBERED_MS, expiresInMs ?? REMEMBERED_MS) });
    for (const [oldest, { until }] of this.byHash) {
      if (until > now && this.byHash.size <= MAX_REMEMBERED) return;
      this.byHash.delete(oldest);
    }
  }

  /** A key was revoked. */
  forgetAll(): void {
    this.revocations += 1;
    this.byHash.clear();
  }
}

const nameOf = (hash: Buffer): string => hash.toString('latin1');
