import { ContactListTooLargeError, InvalidCsvError } from './contact-list.errors.js';
import { refuseOtherFiles, SAVE_AS } from './file-kind.js';

/**
 * Size of the pieces a file is read in: small enough to read one in a few milliseconds. Also how far the header row is
 * looked for.
 */
export const PIECE_BYTES = 16_384;

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Reads a file as pieces of UTF-8 text, each 16 KiB but the last, without its byte order mark.
 *
 * The pieces depend on the bytes alone, not on the chunks they arrive in, and nothing but one piece is held. A character may
 * be split between two pieces. Reading stops, and the file is destroyed if it is a stream, at the first fault.
 *
 * @throws payload_too_large  more than `maxBytes`, seen at most one chunk after the limit
 * @throws invalid_csv        not UTF-8, a NUL, or a known other kind of file
 */
export async function* readCsvText(file: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  for await (const piece of cut(file)) {
    if (bytes === 0) refuseOtherFiles(piece);
    const isFirst = bytes === 0;
    bytes += piece.length;
    if (bytes > maxBytes) throw new ContactListTooLargeError(maxBytes);
    if (piece.includes(0)) {
      throw new InvalidCsvError(`The file has a NUL character, so it is not UTF-8 text. ${SAVE_AS}`);
    }
    refuseUnlessUtf8(() => decoder.decode(piece, { stream: true }));
    yield isFirst && piece.indexOf(BYTE_ORDER_MARK) === 0 ? piece.subarray(BYTE_ORDER_MARK.length) : piece;
  }
  refuseUnlessUtf8(() => decoder.decode());
}

async function* cut(file: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafe(PIECE_BYTES);
  let filled = 0;
  for await (const chunk of file) {
    for (let from = 0; from < chunk.length;) {
      const taken = chunk.subarray(from, from + PIECE_BYTES - filled);
      piece.set(taken, filled);
      filled += taken.length;
      from += taken.length;
      if (filled < PIECE_BYTES) continue;
      yield piece;
      piece = Buffer.allocUnsafe(PIECE_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

function refuseUnlessUtf8(decode: () => string): void {
  try {
    decode();
  } catch {
    throw new InvalidCsvError(`The file is not UTF-8 text. ${SAVE_AS}`);
  }
}
