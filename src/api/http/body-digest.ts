import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { stringify } from 'safe-stable-stringify';
import { ExactNumber, hasExactNumber } from '../../shared/exact-json.js';

const digests = new WeakMap<IncomingMessage, () => Buffer>();

/** Remembers what a body consisted of, for whoever compares requests; few are compared. */
export const keepBodyDigest = (request: IncomingMessage, digest: () => Buffer): void =>
  void digests.set(request, digest);

/** SHA-256 of the body that was read; null when the route has none. */
export const bodyDigestOf = (request: IncomingMessage): Buffer | null => digests.get(request)?.() ?? null;

export const digestOf = (...parts: readonly (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) take(hash, part);
  return hash.digest();
};

/** The length first: ['ab', 'c'] and ['a', 'bc'] are different requests. */
const take = (hash: Hash, part: string | Buffer): void => void hash.update(`${Buffer.byteLength(part)}:`).update(part);

/**
 * A JSON value in the one spelling of all that mean the same: without spaces, and its keys in order. A client that
 * sends a request again may write it anew.
 *
 * @param value not too deep for the stack (`refuseDepth`)
 */
export const canonical = (value: unknown): string =>
  (hasExactNumber(value) ? stringify(value, tellExactNumbers) : stringify(value)) ?? '';

/** A number that has been kept as text is another thing than the text. */
function tellExactNumbers(this: Readonly<Record<string, unknown>>, key: string, part: unknown): unknown {
  const given = this[key];
  return given instanceof ExactNumber ? { exactNumber: given.text } : part;
}

/** What a list of contacts consists of, taken in one by one. */
export class ListDigest {
  private readonly hash = createHash('sha256');

  /** @param contact as it was parsed */
  add(contact: unknown): void {
    take(this.hash, canonical(contact));
  }

  /** Lets other work in between: a list may have a million. */
  async addAll(contacts: readonly unknown[]): Promise<void> {
    for (const [at, contact] of contacts.entries()) {
      this.add(contact);
      if (at % CONTACTS_PER_TURN === 0) await setImmediate();
    }
  }

  /** @param fields what is beside the list */
  with(fields: object): Buffer {
    return digestOf(canonical(fields), this.hash.digest());
  }
}

// A few milliseconds.
const CONTACTS_PER_TURN = 500;

/** Lets a stream pass, and takes it into the hash. */
export async function* hashing(content: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
}
