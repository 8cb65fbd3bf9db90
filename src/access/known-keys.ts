import type { Database } from '../shared/database.js';
import { LIST_BEGINNINGS } from './api-keys.statements.js';

// Somebody who has a wrong key in his configuration, and a few who mistype one.
const FAILURES_TO_LOOK_UP = 100;
const WINDOW_MS = 60_000;

// How long a key that was just made may be taken for made up, while somebody makes keys up.
const KNOWN_FOR_MS = 2_000;

// 8 bytes of each are held, some megabytes in all; of more keys every one is looked up.
const MAX_KNOWN = 100_000;

const BEGINNING_BYTES = 8;

interface Known {
  /** Beginnings of the hashes of all keys in force. Null: there are too many. */
  readonly beginnings: ReadonlySet<string> | null;
  readonly readAt: number;
}

/**
 * Spares the database the keys that somebody makes up, once there were many: then the keys in force are read at once,
 * and only what is among them is looked up. It does not ask who sends them, as behind a proxy everybody has the same
 * address; and nobody is locked out: of the keys in force only one that was made a moment ago may be refused, once.
 */
export class KnownKeys {
  private failures = 0;
  private windowEndsAt = 0;
  private known: Promise<Known> | null = null;

  constructor(private readonly database: Database) {}

  /** To be told of every key that is none. */
  noteFailure(): void {
    const now = performance.now();
    if (now >= this.windowEndsAt) [this.failures, this.windowEndsAt] = [0, now + WINDOW_MS];
    this.failures += 1;
  }

  /**
   * Whether a key can be in force; whether it is, the database says.
   *
   * @param hashes of the key, under each pepper
   * @throws unavailable  the database does not answer
   */
  async mayHave(hashes: readonly Buffer[]): Promise<boolean> {
    if (performance.now() >= this.windowEndsAt || this.failures < FAILURES_TO_LOOK_UP) return true;
    const { beginnings } = await this.readSince(performance.now() - KNOWN_FOR_MS);
    return beginnings === null || hashes.some((hash) => beginnings.has(beginningOf(hash)));
  }

  /** One look for all who ask meanwhile. One that somebody begins himself is late enough, however long it takes. */
  private async readSince(instant: number): Promise<Known> {
    const asked = (this.known ??= this.read());
    const known = await asked.catch((error: unknown) => {
      if (this.known === asked) this.known = null;
      throw error;
    });
    if (known.readAt >= instant) return known;
    if (this.known === asked) this.known = null;
    return this.readSince(instant);
  }

  private async read(): Promise<Known> {
    const readAt = performance.now();
    const rows = await this.database.run(LIST_BEGINNINGS, { beginningBytes: BEGINNING_BYTES, limit: MAX_KNOWN + 1 });
    const hasAll = rows.length <= MAX_KNOWN;
    return { readAt, beginnings: hasAll ? new Set(rows.map(({ beginning }) => beginningOf(beginning))) : null };
  }
}

const beginningOf = (hash: Buffer): string => hash.toString('latin1', 0, BEGINNING_BYTES);
