import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListNotKeptError } from './contact-list.errors.js';
import type { NewContact } from './contact-list.model.js';

/** As much stays in memory: an ordinary list touches no disk. */
const MEMORY_BYTES = 1024 * 1024;

/** A block ends with the contact that brings it to so many characters or contacts. */
const BLOCK_CHARACTERS = 256 * 1024;
const BLOCK_CONTACTS = 2_000;

/** Begins the name of every file, which is seen only while it is being opened. */
export const SPOOL_PREFIX = 'batch-jobs-contacts-';

interface Block {
  readonly bytes: number;
  /** Null once it is in the file. */
  content: Buffer | null;
}

/**
 * Keeps the contacts of one list until they are written to the database: in memory, and from 1 MiB on in a file.
 *
 * The file is deleted as soon as it is open, so nothing is left of it when the process ends, however it ends. It is
 * readable by nobody else. Each contact is a line: its number, and its data as JSON, which has no line breaks.
 */
export class ContactSpool {
  private readonly blocks: Block[] = [];
  private lines: string[] = [];
  private characters = 0;
  private bytes = 0;
  private blocksInFile = 0;
  private file: FileHandle | null = null;
  private isClosed = false;

  /** @param openFile opens an empty file for reading and writing, which nobody else can find */
  constructor(private readonly openFile: () => Promise<FileHandle> = openDeleted) {}

  add({ phoneNumber, contactData }: NewContact): void {
    const line = phoneNumber + contactData;
    this.lines.push(line);
    this.characters += line.length;
    if (this.characters >= BLOCK_CHARACTERS || this.lines.length === BLOCK_CONTACTS) this.endBlock();
  }

  /**
   * Moves what is too much for memory to the file. To be called again and again while contacts are added, one call at
   * a time.
   *
   * @throws unavailable  the file cannot be opened or written: the disk is full, say
   */
  async flush(): Promise<void> {
    if (this.file === null && this.bytes <= MEMORY_BYTES) return;
    try {
      this.file ??= await this.openFile();
      for (; this.blocksInFile < this.blocks.length; this.blocksInFile += 1) {
        const block = this.blocks[this.blocksInFile];
        await this.file.appendFile(block.content ?? '');
        block.content = null;
      }
    } catch (error: unknown) {
      throw new ListNotKeptError(error);
    }
  }

  /** Ends the adding. @throws as {@link flush} */
  async end(): Promise<void> {
    if (this.lines.length > 0) this.endBlock();
    await this.flush();
  }

  /** The contacts in their order, a block at a time; every call begins anew. */
  async *pieces(): AsyncGenerator<readonly NewContact[]> {
    let from = 0;
    for (const { bytes, content } of this.blocks) {
      if (this.isClosed) throw new Error('the contact list was closed');
      yield contactsOf(content ?? (await this.read(from, bytes)));
      from += bytes;
    }
  }

  /** Gives the file and the memory back. Never throws; again: does nothing. */
  async close(): Promise<void> {
    const { file } = this;
    this.isClosed = true;
    this.file = null;
    for (const block of this.blocks) block.content = null;
    await file?.close().catch(() => undefined);
  }

  private endBlock(): void {
    const content = Buffer.from(this.lines.join('\n'));
    this.blocks.push({ bytes: content.length, content });
    this.bytes += content.length;
    this.lines = [];
    this.characters = 0;
  }

  private async read(from: number, bytes: number): Promise<Buffer> {
    const content = Buffer.allocUnsafe(bytes);
    for (let filled = 0; filled < bytes;) {
      const bytesRead = await this.file?.read(content, filled, bytes - filled, from + filled);
      if (!bytesRead?.bytesRead) throw new Error('the contact list was closed');
      filled += bytesRead.bytesRead;
    }
    return content;
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

const contactsOf = (content: Buffer): NewContact[] =>
  content
    .toString()
    .split('\n')
    .map((line) => {
      const data = line.indexOf('{');
      return { phoneNumber: line.slice(0, data), contactData: line.slice(data) };
    });
