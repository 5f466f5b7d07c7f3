/**
 * The entries of the lists in a JSON object, one by one: a file of a gigabyte is never one string or one tree.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What {@linkcode EntryScanner} finds; the bytes are only valid during the call. */
export interface EntryVisitor {
  /** A list begins under a key of the root object. */
  list(key: string): void;
  /** An element of that list, as the bytes of its text. */
  entry(key: string, text: Uint8Array): void;
  /** A value of the root object that is no list, as the bytes of its text. */
  value(key: string, text: Uint8Array): void;
}

/** The text is not an object with lists; where it stops being one. */
export class EntryFault extends Error {
  /** At this byte of the text, the text is not what was `expected`. */
  constructor(offset: number, expected: string) {
    super(`expected ${expected} at byte ${offset}`);
    this.name = "EntryFault";
  }
}

type State =
  | "start"
  | "first"
  | "key"
  | "in key"
  | "colon"
  | "value"
  | "first entry"
  | "in"
  | "after"
  | "end";

const [QUOTE, COMMA, COLON, OPEN, BACKSLASH, CLOSE, OPEN_OBJECT, CLOSE_OBJECT] = [
  ...[0x22, 0x2c, 0x3a, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d],
] as [number, number, number, number, number, number, number, number];

/** The byte order mark of UTF-8. */
const MARK = [0xef, 0xbb, 0xbf];

/**
 * Scans the UTF-8 of a JSON object in pieces of any size. The structure of the object and of the lists directly in it is
 * checked; whether an entry is valid JSON is the visitor's to find out.
 */
export class EntryScanner {
  readonly #visitor: EntryVisitor;
  readonly #keys = new Set<string>();
  #state: State = "start";
  #key = "";
  #inList = false;
  #isFirst = false;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #offset = 0;
  #held: Uint8Array[] = [];

  /** What it finds goes to `visitor`. */
  constructor(visitor: EntryVisitor) {
    this.#visitor = visitor;
  }

  /** Scans the next piece; throws an {@linkcode EntryFault}. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) at = this.#state === "in" ? this.#scan(bytes, at) : this.#step(bytes, at);
    this.#offset += bytes.length;
  }

  /** Throws an {@linkcode EntryFault} unless the object was complete. */
  end(): void {
    if (this.#state !== "end") throw new EntryFault(this.#offset, "the rest of the object");
  }

  /** A byte outside of entries and values; returns where to continue. */
  #step(bytes: Uint8Array, at: number): number {
    const byte = bytes[at]!;
    if (this.#state === "in key") return this.#scanKey(bytes, at);
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return at + 1;
    const fail = (expected: string) => new EntryFault(this.#offset + at, expected);
    switch (this.#state) {
      case "start":
        if (byte === MARK[this.#offset + at]) return at + 1;
        if (byte !== OPEN_OBJECT) throw fail("an object");
        this.#state = "first";
        return at + 1;
      case "first":
      case "key":
        if (byte === CLOSE_OBJECT && this.#state === "first") this.#state = "end";
        else if (byte === QUOTE) this.#state = "in key";
        else throw fail("a key in double quotes");
        return at + 1;
      case "colon":
        if (byte !== COLON) throw fail('":"');
        this.#state = "value";
        return at + 1;
      case "value":
        this.#inList = byte === OPEN;
        this.#isFirst = this.#inList;
        this.#state = "in";
        if (!this.#inList) return at;
        this.#visitor.list(this.#key);
        return at + 1;
      case "after":
        if (byte === COMMA) this.#state = "key";
        else if (byte === CLOSE_OBJECT) this.#state = "end";
        else throw fail('"," or "}"');
        return at + 1;
      default:
        throw fail("the end");
    }
  }

  #scanKey(bytes: Uint8Array, start: number): number {
    for (let at = start; at < bytes.length; at++) {
      if (this.#escaped) this.#escaped = false;
      else if (bytes[at] === BACKSLASH) this.#escaped = true;
      else if (bytes[at] === QUOTE) {
        const text = new TextDecoder("utf-8", { fatal: true }).decode(this.#take(bytes, start, at));
        this.#key = JSON.parse(`"${text}"`);
        if (this.#keys.has(this.#key)) throw new EntryFault(this.#offset + at, "each key once");
        this.#keys.add(this.#key);
        this.#state = "colon";
        return at + 1;
      }
    }
    this.#held.push(bytes.slice(start));
    return bytes.length;
  }

  /** An entry or value from `start`; returns where to continue. */
  #scan(bytes: Uint8Array, start: number): number {
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN || byte === OPEN_OBJECT) this.#depth++;
      else if (this.#depth > 0) {
        if (byte === CLOSE || byte === CLOSE_OBJECT) this.#depth--;
      } else if (byte === COMMA || byte === CLOSE || byte === CLOSE_OBJECT) {
        return this.#finish(bytes, start, at);
      }
    }
    this.#held.push(bytes.slice(start));
    return bytes.length;
  }

  /** The entry or value ends before the byte at `end`: a comma or a bracket. */
  #finish(bytes: Uint8Array, start: number, end: number): number {
    const byte = bytes[end]!;
    const text = this.#take(bytes, start, end);
    if (!this.#inList) {
      if (byte === CLOSE) throw new EntryFault(this.#offset + end, '"," or "}"');
      this.#visitor.value(this.#key, text);
      this.#state = "after";
      return end;
    }
    if (byte === CLOSE_OBJECT) throw new EntryFault(this.#offset + end, '"," or "]"');
    const isEmpty = this.#isFirst && byte === CLOSE && text.every((space) => space <= 0x20);
    if (!isEmpty) this.#visitor.entry(this.#key, text);
    this.#isFirst = false;
    if (byte === CLOSE) this.#state = "after";
    return end + 1;
  }

  /** The bytes up to `end`, with those of earlier pieces. */
  #take(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const last = bytes.subarray(start, end);
    if (this.#held.length === 0) return last;
    const parts = [...this.#held, last];
    this.#held = [];
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
