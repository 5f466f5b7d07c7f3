/**
 * Append-only files of framed records that can be continued after a crash: TensorBoard's event files and SwanLab's
 * offline file.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { dirname } from "node:path";
import { joinBytes } from "../bytes.ts";
import { appendWholeSync } from "../fs/write_whole.ts";

/** How a kind of file frames its records. */
export interface Framing {
  /** The bytes before the first record. */
  readonly head: Uint8Array;
  /** Frames `payload` as a record at `offset` in the file. */
  frame(payload: Uint8Array, offset: number): Uint8Array;
  /** Reads the record at `offset`; null if it is torn, damaged or absent. `end` is the offset after it. */
  unframe(file: Uint8Array, offset: number): { readonly payload: Uint8Array; readonly end: number } | null;
}

/** A file of records, open for appending by one writer. */
export class RecordFile {
  readonly #file: Deno.FsFile;
  readonly #framing: Framing;
  #length: number;

  private constructor(file: Deno.FsFile, framing: Framing, length: number) {
    this.#file = file;
    this.#framing = framing;
    this.#length = length;
  }

  /**
   * Opens or creates `path`. Existing records are passed to `keep` in order; the file is truncated before the first one
   * that `keep` refuses or that is torn.
   */
  static async open(
    path: string,
    framing: Framing,
    keep: (payload: Uint8Array) => boolean,
  ): Promise<RecordFile> {
    await Deno.mkdir(dirname(path), { recursive: true });
    const file = await Deno.open(path, { read: true, write: true, create: true });
    try {
      const length = intactLength(await readBounded(path, 2 ** 31), framing, keep);
      await file.truncate(length);
      await file.seek(length, Deno.SeekMode.Start);
      const records = new RecordFile(file, framing, length);
      if (length === 0) records.#write(framing.head);
      return records;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The length of the file in bytes. */
  get length(): number {
    return this.#length;
  }

  /**
   * Appends the records, all or none. Synchronous, so that calls cannot interleave; see {@linkcode flush}.
   */
  append(...payloads: readonly Uint8Array[]): void {
    const framed: Uint8Array[] = [];
    let offset = this.#length;
    for (const payload of payloads) {
      const record = this.#framing.frame(payload, offset);
      framed.push(record);
      offset += record.length;
    }
    this.#write(joinBytes(framed));
  }

  /** Waits until everything appended is on the disk. */
  async flush(): Promise<void> {
    await this.#file.syncData();
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #write(bytes: Uint8Array): void {
    appendWholeSync(this.#file, this.#length, bytes);
    this.#length += bytes.length;
  }
}

function intactLength(bytes: Uint8Array, framing: Framing, keep: (payload: Uint8Array) => boolean): number {
  let offset = framing.head.length;
  if (framing.head.some((byte, index) => bytes[index] !== byte)) return 0;
  while (true) {
    const record = framing.unframe(bytes, offset);
    if (record === null || !keep(record.payload)) return offset;
    offset = record.end;
  }
}
