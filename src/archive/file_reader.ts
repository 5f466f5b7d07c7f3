/**
 * A file on the disk as zip.js wants to read it.
 *
 * @module
 */
import { Reader } from "@zip.js/zip.js";

/** The listing of 1,000,000 entries with long names; zip.js reads the listing in one piece. */
const MAX_READ = 512 << 20;

/** Lets zip.js read from an open file. Reads are synchronous: most are of a few bytes, and the disk is near. */
export class FileReader extends Reader<Deno.FsFile> {
  readonly #file: Deno.FsFile;

  /** Reads from `file`, which is `byteLength` bytes long. */
  constructor(file: Deno.FsFile, byteLength: number) {
    super(file);
    this.#file = file;
    this.size = byteLength;
  }

  /** The bytes from `index` on, fewer than `length` at the file's end. */
  override readUint8Array(index: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const end = Math.min(this.size, index + length);
    if (!(index >= 0) || end - index > MAX_READ) {
      return Promise.reject(new RangeError(`a listing of ${length} bytes at ${index}`));
    }
    const bytes = new Uint8Array(Math.max(0, end - index));
    let filled = 0;
    this.#file.seekSync(index, Deno.SeekMode.Start);
    while (filled < bytes.length) {
      const count = this.#file.readSync(bytes.subarray(filled));
      if (count === null) break;
      filled += count;
    }
    return Promise.resolve(bytes.subarray(0, filled));
  }
}
