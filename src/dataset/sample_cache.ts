/**
 * The file that keeps a split's prepared samples: eight letters, the records (`sample_record.ts`) one after the
 * other, an index in JSON, and at the end the index's place, length and CRC-32 and the eight letters again.
 *
 * It is written beside its final name and renamed when it is complete, and read through once when it is opened: a
 * torn or damaged one is never used.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { TemporaryName } from "../fs/temporary_name.ts";
import type { ProblemKind } from "../coco/problems.ts";
import { readAt, recordByteLength, type RecordPlace } from "./sample_record.ts";
import { writeWholeSync } from "../fs/write_whole.ts";

/**
 * To be raised when the same files give other records: another decoder, another arithmetic, another layout.
 */
const VERSION = 1;

const LETTERS = new TextEncoder().encode("UNETSMPL");

/** Bytes after the index: its offset (float64), length and CRC-32 (uint32), and the letters. */
const TRAILER_BYTES = 24;

/** What a sample was made from. */
export interface SampleSource {
  /** SHA-256 of the image's file. */
  readonly image: string;
  /** The sample's `maskKey()`. */
  readonly mask: string;
}

/** A sample that could be prepared. */
export interface CachedRecord extends SampleSource, Omit<RecordPlace, "source"> {
  /** Pixels of tumor in the resized mask. */
  readonly tumorPixels: number;
}

/** A sample that could not. */
export interface CachedFailure extends SampleSource {
  /** What is wrong. */
  readonly kind: ProblemKind;
  /** What exactly. */
  readonly reason: string;
}

/** What a cache file holds. */
export interface CacheIndex {
  /** Pixels a side of the prepared images. */
  readonly size: number;
  /** The prepared samples, in any order. */
  readonly records: readonly CachedRecord[];
  /** The samples that are known to be at fault. */
  readonly failures: readonly CachedFailure[];
}

/**
 * Opens a cache file for images of `size` and checks every byte of it. Null where there is none, or one of another
 * version or size; a text that says what is wrong with a damaged one.
 */
export async function openCache(path: string, size: number): Promise<CacheIndex | string | null> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? null : `it cannot be read: ${(error as Error).message}`;
  }
  using open = file;
  const index = readIndex(open);
  if (typeof index === "string") return index;
  if (index.version !== VERSION || index.size !== size) return null;
  const record = new Uint8Array(recordByteLength(size, 3));
  for (const { offset, channels, checksum } of index.records) {
    const bytes = record.subarray(0, recordByteLength(size, channels));
    if (!readAt(open, offset, bytes) || crc32(bytes) !== checksum) return "a record's checksum is wrong";
  }
  return index;
}

function readIndex(file: Deno.FsFile): CacheIndex & { version: number } | string {
  const { size: byteLength } = file.statSync();
  const trailer = new Uint8Array(TRAILER_BYTES);
  if (byteLength < TRAILER_BYTES || !readAt(file, byteLength - TRAILER_BYTES, trailer)) {
    return "it is cut short";
  }
  const view = new DataView(trailer.buffer);
  const offset = view.getFloat64(0, true);
  const length = view.getUint32(8, true);
  if (
    !LETTERS.every((letter, i) => trailer[16 + i] === letter) ||
    offset + length + TRAILER_BYTES !== byteLength
  ) {
    return "its end is missing";
  }
  const text = new Uint8Array(length);
  if (!readAt(file, offset, text) || crc32(text) !== view.getUint32(12, true)) return "its index is damaged";
  return JSON.parse(new TextDecoder().decode(text));
}

/** Writes a cache file. */
export class CacheWriter {
  readonly #path: string;
  readonly #temporary: TemporaryName;
  readonly #file: Deno.FsFile;
  #byteLength = 0;

  /** Begins the file that will be called `path`, and removes what killed runs left of it. */
  static async create(path: string): Promise<CacheWriter> {
    const temporary = await TemporaryName.claim(path);
    let file: Deno.FsFile;
    try {
      file = await Deno.open(temporary.path, { write: true, createNew: true });
    } catch (error) {
      await temporary[Symbol.asyncDispose]();
      throw error;
    }
    const writer = new CacheWriter(path, temporary, file);
    writer.add(LETTERS);
    return writer;
  }

  private constructor(path: string, temporary: TemporaryName, file: Deno.FsFile) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
  }

  /** Appends bytes; returns where they lie. */
  add(bytes: Uint8Array): number {
    const offset = this.#byteLength;
    writeWholeSync(this.#file, bytes);
    this.#byteLength += bytes.length;
    return offset;
  }

  /** Closes the file with its index and gives it its name; returns its length in bytes. */
  async finish(index: CacheIndex): Promise<number> {
    const text = new TextEncoder().encode(JSON.stringify({ version: VERSION, ...index }));
    const trailer = new Uint8Array(TRAILER_BYTES);
    const view = new DataView(trailer.buffer);
    view.setFloat64(0, this.add(text), true);
    view.setUint32(8, text.length, true);
    view.setUint32(12, crc32(text), true);
    trailer.set(LETTERS, 16);
    this.add(trailer);
    await this.#file.sync();
    this.#file.close();
    await Deno.rename(this.#temporary.path, this.#path);
    await this.#temporary[Symbol.asyncDispose]();
    return this.#byteLength;
  }

  /** Removes what was written; the file that was there before stays. */
  async discard(): Promise<void> {
    try {
      this.#file.close();
    } catch {
      // Closed already by a finish that could not rename.
    }
    await this.#temporary[Symbol.asyncDispose]();
  }
}
