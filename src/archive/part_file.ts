/**
 * The half of a download that is already there: `NAME.part`, and beside it a small JSON file that says where it
 * came from, so that a later run can ask the server for the rest.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { dirname } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { takeLock } from "../fs/lock.ts";
import { readJson, removeFile } from "../fs/paths.ts";
import { writeFailure } from "../fs/write_failure.ts";
import { readThrough } from "./sha256.ts";

/** What a server said of the file that a part belongs to. */
export interface PartOrigin {
  /** The address that was asked for, before redirects. */
  readonly url: string;
  /** A strong ETag or a Last-Modified date, fit for If-Range; null where the server gave neither. */
  readonly validator: string | null;
  /** Length of the whole file in bytes; null where the server did not say. */
  readonly byteLength: number | null;
}

/** A growing `.part` file, locked against a second download, with a running SHA-256 of what it holds. */
export class PartFile implements Disposable {
  readonly #file: Deno.FsFile;
  #hash: Hash;
  #byteLength: number;
  #origin: PartOrigin | null;
  #gone = false;

  private constructor(
    readonly path: string,
    file: Deno.FsFile,
    content: { hash: Hash; byteLength: number; origin: PartOrigin | null },
  ) {
    this.#file = file;
    this.#hash = content.hash;
    this.#byteLength = content.byteLength;
    this.#origin = content.origin;
  }

  /**
   * Opens or creates the part of `target`; what an earlier run left is read once, for its hash.
   *
   * What belongs to another address than `url` is not continued.
   *
   * @throws {Error} if another process is downloading the same file.
   */
  static async open(target: string, url: string): Promise<PartFile> {
    await Deno.mkdir(dirname(target), { recursive: true });
    const path = `${target}.part`;
    const file = await Deno.open(path, { read: true, write: true, create: true });
    try {
      if (!await takeLock(file)) {
        throw new Error(`Cannot download to ${target}: another run is writing ${path}`);
      }
      const hash = createHash("sha256");
      const byteLength = await readThrough(file, (bytes) => hash.update(bytes));
      const origin = await readOrigin(path);
      return new PartFile(path, file, { hash, byteLength, origin: origin?.url === url ? origin : null });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Bytes that are there. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** What the server said of the file, or null where nothing is known. */
  get origin(): PartOrigin | null {
    return this.#origin;
  }

  /** Whether every byte is there, as far as the server said how many there are. */
  get complete(): boolean {
    return this.#origin?.byteLength === this.#byteLength && this.#byteLength > 0;
  }

  /** The open file, for checks of the finished content. */
  get file(): Deno.FsFile {
    return this.#file;
  }

  /** SHA-256 of what is there, in hexadecimal. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Drops what is there and begins anew with a file of `origin`, or of an unknown one. */
  async restart(origin: PartOrigin | null): Promise<void> {
    // The bytes go before the new origin is written: after a crash in between, no old bytes carry a new name.
    await this.#file.truncate(0);
    await this.#file.seek(0, Deno.SeekMode.Start);
    this.#byteLength = 0;
    this.#hash = createHash("sha256");
    this.#origin = origin;
    if (origin === null) await removeFile(originPath(this.path));
    else await this.#onDisk(() => writeFileAtomic(originPath(this.path), `${JSON.stringify(origin)}\n`));
  }

  /** Appends bytes that follow those that are there; an Error with the way out if the disk is full. */
  async append(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    await this.#file.seek(this.#byteLength, Deno.SeekMode.Start);
    while (rest.length > 0) {
      const count = await this.#onDisk(() => this.#file.write(rest));
      // Counted piece by piece, so that the hash fits the file also when a later piece does not fit on the disk.
      this.#hash.update(rest.subarray(0, count));
      this.#byteLength += count;
      rest = rest.subarray(count);
    }
  }

  /** Flushes the content and gives it its final name in one step; the part is gone afterwards. */
  async commit(target: string): Promise<void> {
    await this.#onDisk(() => this.#file.sync());
    await Deno.rename(this.path, target);
    this.#gone = true;
    await removeFile(originPath(this.path));
  }

  /** Closes the file and its lock; what was not committed stays for a later run, unless there is nothing. */
  [Symbol.dispose](): void {
    if (this.#byteLength === 0 && !this.#gone) Deno.removeSync(this.path);
    this.#file.close();
  }

  async #onDisk<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      throw writeFailure(this.path, error, "make room and run the same command again; it resumes from here");
    }
  }
}

function originPath(part: string): string {
  return `${part}.json`;
}

/** What an unreadable file would have said is simply not known: the download then starts over. */
async function readOrigin(part: string): Promise<PartOrigin | null> {
  const value = await readJson(originPath(part));
  return isOrigin(value) ? value : null;
}

function isOrigin(value: unknown): value is PartOrigin {
  if (typeof value !== "object" || value === null) return false;
  const { url, validator, byteLength } = value as Record<string, unknown>;
  return typeof url === "string" && (validator === null || typeof validator === "string") &&
    (byteLength === null || (Number.isSafeInteger(byteLength) && Number(byteLength) >= 0));
}
