import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Levels inside the list: the object, and the list itself. */
const LIST_DEPTH = 2;

/** Far more than the name of a list with spaces around it. */
const NAME_BYTES = 128;

const BLANK = /^[ \t\n\r]*$/;

/** Takes what is cut. What it throws comes out of `write`. */
export interface JsonSink {
  /** The text of one element, in the order of the list. Whether it is JSON is not known. */
  take(element: string): void;
  /** The list is there a second time. */
  refuseRepetition(): never;
  /** An element is longer than may be. */
  refuseLongElement(): never;
  /** Everything but the list is longer than may be. */
  refuseLongRest(): never;
  /** There are more levels of objects and arrays than may be. */
  refuseDepth(): never;
  /** There are bytes that are not UTF-8. */
  refuseEncoding(): never;
}

export interface JsonCutterLimits {
  readonly maxElementBytes: number;
  readonly maxRestBytes: number;
  readonly maxDepth: number;
}

/**
 * Cuts a JSON object into the elements of one of its lists, and the rest, while its text arrives.
 *
 * It looks for quotes and brackets only. The grammar is left to a real parser, of each element and of the rest, which
 * has a string in the list's place: their texts are JSON if, and only if, the whole was. A list whose name is written
 * with escapes (`"\u0063ontacts"`) stays in the rest.
 */
export class JsonCutter {
  /** Stands in the rest where the list was. */
  readonly placeholder: string = randomUUID();
  private readonly rest = new GrowingBuffer();
  private readonly element = new GrowingBuffer();
  private elements = 0;
  private depth = 0;
  private isQuoted = false;
  private isEscaped = false;
  private isInList = false;
  private hasList = false;
  private readonly listBegins: RegExp;

  /** @param list the name of the list: letters only */
  constructor(
    list: string,
    private readonly limits: JsonCutterLimits,
    private readonly sink: JsonSink,
  ) {
    // Where no string is open, what is before the first quote shows that it opens one.
    this.listBegins = new RegExp(String.raw`[{,\s]"${list}"\s*:\s*$`);
  }

  write(chunk: Buffer): void {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (this.isQuoted) this.passQuoted(byte);
      else if (byte === QUOTE) this.isQuoted = true;
      else if (this.isInList) {
        if (!this.endsElement(byte)) continue;
        this.keep(chunk.subarray(from, at));
        this.take(byte);
        from = at + 1;
      } else if (byte === OPEN_ARRAY && this.depth === LIST_DEPTH - 1) {
        this.keep(chunk.subarray(from, at));
        from = this.beginList() ? at + 1 : at;
      } else this.count(byte);
    }
    this.keep(chunk.subarray(from));
  }

  /** @returns the text without the list; a list that did not end is missing there, too */
  end(): string {
    return this.textOf(this.rest);
  }

  private passQuoted(byte: number): void {
    if (this.isEscaped) this.isEscaped = false;
    else if (byte === BACKSLASH) this.isEscaped = true;
    else if (byte === QUOTE) this.isQuoted = false;
  }

  private count(byte: number): void {
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.depth += 1;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) this.depth -= 1;
    if (this.depth > this.limits.maxDepth) this.sink.refuseDepth();
  }

  /** No character stands on both sides of a cut: its bytes are none of those that are looked for. */
  private textOf(part: GrowingBuffer): string {
    if (!isUtf8(part.content)) this.sink.refuseEncoding();
    return part.content.toString('utf8');
  }

  private endsElement(byte: number): boolean {
    if (this.depth === LIST_DEPTH && (byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT)) return true;
    this.count(byte);
    return false;
  }

  /** @param end what came behind it */
  private take(end: number): void {
    const text = this.textOf(this.element);
    this.element.clear();
    const isEmptyList = end === CLOSE_ARRAY && this.elements === 0 && BLANK.test(text);
    // A brace that closes nothing makes no JSON of the element.
    if (!isEmptyList) this.sink.take(end === CLOSE_OBJECT ? `${text}}` : text);
    this.elements += 1;
    if (end !== CLOSE_ARRAY) return;
    this.isInList = false;
    this.depth = LIST_DEPTH - 1;
    this.keep(Buffer.from(JSON.stringify(this.placeholder)));
  }

  private beginList(): boolean {
    this.depth = LIST_DEPTH;
    if (!this.listBegins.test(this.rest.tail(NAME_BYTES).toString('latin1'))) return false;
    if (this.hasList) this.sink.refuseRepetition();
    this.isInList = true;
    this.hasList = true;
    return true;
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return;
    if (this.isInList) {
      this.element.append(part);
      if (this.element.length > this.limits.maxElementBytes) this.sink.refuseLongElement();
      return;
    }
    this.rest.append(part);
    if (this.rest.length > this.limits.maxRestBytes) this.sink.refuseLongRest();
  }
}

/** Bytes by value: a chunk kept as it is would cost 200 bytes beside its own, and a client may send one at a time. */
class GrowingBuffer {
  private bytes = Buffer.alloc(0);
  private used = 0;

  get length(): number {
    return this.used;
  }

  /** Good until something is added. */
  get content(): Buffer {
    return this.bytes.subarray(0, this.used);
  }

  append(part: Buffer): void {
    const needed = this.used + part.length;
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.bytes.length));
      this.bytes.copy(larger, 0, 0, this.used);
      this.bytes = larger;
    }
    part.copy(this.bytes, this.used);
    this.used = needed;
  }

  clear(): void {
    this.bytes = Buffer.alloc(0);
    this.used = 0;
  }

  tail(count: number): Buffer {
    return this.bytes.subarray(Math.max(0, this.used - count), this.used);
  }
}
