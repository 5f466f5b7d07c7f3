/**
 * Reads bytes of records: from a file, which stays open for the next read, or from memory.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { readAt } from "../fs/read_at.ts";

/** See the head of the file. */
export class RecordFile {
  #file: { path: string; handle: Deno.FsFile } | undefined;

  /**
   * The bytes at a place; of a file, they are read into `scratch`.
   *
   * @throws {Error} if the file has others than when it was opened, by their CRC-32
   */
  read(
    source: string | SharedArrayBuffer,
    offset: number,
    byteLength: number,
    checksum: number,
    scratch: Uint8Array<ArrayBuffer>,
  ): Uint8Array {
    if (typeof source !== "string") return new Uint8Array(source, offset, byteLength);
    const bytes = scratch.subarray(0, byteLength);
    if (readAt(this.#open(source), offset, bytes) && crc32(bytes) === checksum) return bytes;
    throw new Error(
      `Cannot read a prepared sample from ${source}: the file changed since it was opened\n` +
        "hint: run again; prepared images are checked and rebuilt at the start",
    );
  }

  /** Closes the file that was read last; the next read opens it again. */
  close(): void {
    this.#file?.handle.close();
    this.#file = undefined;
  }

  #open(path: string): Deno.FsFile {
    if (this.#file?.path !== path) {
      this.close();
      this.#file = { path, handle: Deno.openSync(path) };
    }
    return this.#file!.handle;
  }
}
