/**
 * Adapts a file on the disk to the reader interface of zip.js.
 *
 * @module
 */
import { Reader } from "@zip.js/zip.js";

/** Enough for the directory of 1,000,000 entries with long names, which zip.js reads at once. */
const MAX_READ = 512 << 20;

/** Lets zip.js read from an open file. Reads are synchronous, since most are only a few bytes. */
export class FileReader extends Reader<Deno.FsFile> {
  readonly #file: Deno.FsFile;
  readonly #start: number;

  /** Reads the bytes of `file` from `start` to `end`; offsets count from `start`. */
  constructor(file: Deno.FsFile, { start, end }: { start: number; end: number }) {
    super(file);
    this.#file = file;
    this.#start = start;
    this.size = end - start;
  }

  /** Up to `length` bytes from `index`, fewer at the end of the file. */
  override readUint8Array(index: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const end = Math.min(this.size, index + length);
    if (!(index >= 0) || end - index > MAX_READ) {
      return Promise.reject(new RangeError(`a directory of ${length} bytes at ${index}`));
    }
    const bytes = new Uint8Array(Math.max(0, end - index));
    let filled = 0;
    this.#file.seekSync(this.#start + index, Deno.SeekMode.Start);
    while (filled < bytes.length) {
      const count = this.#file.readSync(bytes.subarray(filled));
      if (count === null) break;
      filled += count;
    }
    return Promise.resolve(bytes.subarray(0, filled));
  }
}
