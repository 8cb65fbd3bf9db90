import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const digests = new WeakMap<IncomingMessage, Buffer>();

/** Remembers what a body consisted of, for whoever compares requests. */
export const keepBodyDigest = (request: IncomingMessage, digest: Buffer): void => void digests.set(request, digest);

/** SHA-256 of the body that was read; null when the route has none. */
export const bodyDigestOf = (request: IncomingMessage): Buffer | null => digests.get(request) ?? null;

export const digestOf = (...parts: readonly (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  // Each part's length first: ['ab', 'c'] and ['a', 'bc'] are different requests.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest();
};

/** Lets a stream pass, and takes it into the hash. */
export async function* hashing(content: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
}
