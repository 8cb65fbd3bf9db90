import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListNotKeptError } from './contact-list.errors.js';
import type { ContactBlock, NewContact } from './contact-list.model.js';

/** As much stays in memory: an ordinary list touches no disk. */
const MEMORY_BYTES = 1024 * 1024;

/** A block is as long, or one contact that is longer. Small, so that a statement that inserts one is short. */
const BLOCK_BYTES = 64 * 1024;

/** Most bytes of UTF-8 for each of a string's UTF-16 code units. */
const BYTES_PER_UNIT = 3;

const LINE_FEED = 0x0a;

const CLOSED = 'the contact list was closed';

/** Begins the name of every file, which is seen only while it is being opened. */
export const SPOOL_PREFIX = 'batch-jobs-contacts-';

interface Block {
  readonly contacts: number;
  readonly bytes: number;
  /** Null once it is in the file. */
  content: Buffer | null;
}

/**
 * Keeps the contacts of one list until they are written to the database: in memory, and from 1 MiB on in a file.
 *
 * The file is deleted as soon as it is open, so nothing is left of it when the process ends, however it ends. It is
 * readable by nobody else. Each contact is a line: its number, and its data as JSON, which has no line breaks.
 *
 * Contacts are written into one buffer instead of being held as strings: what is held while the garbage of a million
 * rows is collected again and again becomes old, and drags the next ones along.
 */
export class ContactSpool {
  private readonly ended: Block[] = [];
  private readonly open = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  private openBytes = 0;
  private openContacts = 0;
  private bytes = 0;
  private mostBytes = 0;
  private blocksInFile = 0;
  private file: FileHandle | null = null;
  private isClosed = false;

  /** @param openFile opens an empty file for reading and writing, which nobody else can find */
  constructor(private readonly openFile: () => Promise<FileHandle> = openDeleted) {}

  add({ phoneNumber, contactData }: NewContact): void {
    const line = phoneNumber + contactData;
    const lineBytes = line.length * BYTES_PER_UNIT + 1;
    if (this.openBytes + lineBytes > BLOCK_BYTES) this.endBlock();
    if (lineBytes > BLOCK_BYTES) return this.keep(Buffer.from(line), 1);
    if (this.openContacts > 0) this.openBytes = this.open.writeUInt8(LINE_FEED, this.openBytes);
    this.openBytes += this.open.write(line, this.openBytes);
    this.openContacts += 1;
  }

  /**
   * Moves what is too much for memory to the file. To be called again and again while contacts are added, one call at
   * a time. Whoever closes the spool meanwhile ends it.
   *
   * @throws unavailable  the file cannot be opened or written: the disk is full, say
   */
  async flush(): Promise<void> {
    if (this.isClosed) throw new Error(CLOSED);
    if (this.file === null && this.bytes <= MEMORY_BYTES) return;
    try {
      this.file ??= await this.openUnlessClosed();
      for (; this.blocksInFile < this.ended.length; this.blocksInFile += 1) {
        const block = this.ended[this.blocksInFile];
        await this.file.appendFile(block.content ?? '');
        block.content = null;
      }
    } catch (error: unknown) {
      throw new ListNotKeptError(error);
    }
  }

  /** Ends the adding. @throws as {@link flush} */
  async end(): Promise<void> {
    this.endBlock();
    await this.flush();
  }

  /**
   * The contacts in their order; every call begins anew. The bytes of a block are good until the next one is asked for.
   */
  async *blocks(): AsyncGenerator<ContactBlock> {
    const buffer = this.file && Buffer.allocUnsafeSlow(this.mostBytes);
    let from = 0;
    for (const { contacts, bytes, content } of this.ended) {
      if (this.isClosed) throw new Error(CLOSED);
      yield { contacts, lines: content ?? (await this.read(buffer?.subarray(0, bytes), from)) };
      from += bytes;
    }
  }

  /** Gives the file and the memory back. Never throws; again: does nothing. */
  async close(): Promise<void> {
    const { file } = this;
    this.isClosed = true;
    this.file = null;
    for (const block of this.ended) block.content = null;
    await file?.close().catch(() => undefined);
  }

  private async openUnlessClosed(): Promise<FileHandle> {
    const file = await this.openFile();
    if (!this.isClosed) return file;
    await file.close();
    throw new Error(CLOSED);
  }

  private endBlock(): void {
    if (this.openContacts === 0) return;
    this.keep(Buffer.from(this.open.subarray(0, this.openBytes)), this.openContacts);
    this.openBytes = 0;
    this.openContacts = 0;
  }

  private keep(content: Buffer, contacts: number): void {
    this.ended.push({ contacts, bytes: content.length, content });
    this.bytes += content.length;
    this.mostBytes = Math.max(this.mostBytes, content.length);
  }

  private async read(into: Buffer | undefined, from: number): Promise<Buffer> {
    if (!into) throw new Error(CLOSED);
    for (let filled = 0; filled < into.length;) {
      const read = await this.file?.read(into, filled, into.length - filled, from + filled);
      if (!read?.bytesRead) throw new Error(CLOSED);
      filled += read.bytesRead;
    }
    return into;
  }
}

async function openDeleted(): Promise<FileHandle> {
  const path = join(tmpdir(), SPOOL_PREFIX + randomUUID());
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    return file;
  } catch (error: unknown) {
    await file.close();
    throw error;
  }
}

/** The contacts of blocks, one by one. */
export async function* contactsOf(blocks: AsyncIterable<ContactBlock>): AsyncGenerator<NewContact> {
  for await (const { lines } of blocks) {
    for (const line of lines.toString().split('\n')) {
      const data = line.indexOf('{');
      yield { phoneNumber: line.slice(0, data), contactData: line.slice(data) };
    }
  }
}
