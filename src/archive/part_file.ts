/**
 * An unfinished download: `NAME.part`, and next to it a small JSON file with its origin, so that a later run can request
 * the rest.
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

/** The server's description of the file that a part belongs to. */
export interface PartOrigin {
  /** The requested address, before redirects. */
  readonly url: string;
  /** A strong ETag or a Last-Modified date for If-Range; null if the server sent neither. */
  readonly validator: string | null;
  /** The length of the whole file in bytes; null if the server did not say. */
  readonly byteLength: number | null;
}

/** A growing `.part` file, locked against a second download, with a running SHA-256 of its content. */
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
   * Opens or creates the part of `target`; what an earlier run left is read once for its hash. A part of another address
   * than `url` is not continued.
   *
   * @throws {Error} if another process is downloading the same file
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

  /** The number of bytes received. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** The server's description of the file, or null if unknown. */
  get origin(): PartOrigin | null {
    return this.#origin;
  }

  /** Whether all bytes are received, if the server stated their number. */
  get complete(): boolean {
    return this.#origin?.byteLength === this.#byteLength && this.#byteLength > 0;
  }

  /** The open file, for checks of the finished content. */
  get file(): Deno.FsFile {
    return this.#file;
  }

  /** The SHA-256 of the content, in hexadecimal. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Drops the content and restarts with a file of `origin`, or of unknown origin. */
  async restart(origin: PartOrigin | null): Promise<void> {
    // Truncated before the new origin is written: after a crash in between, no old bytes have a new origin.
    await this.#file.truncate(0);
    await this.#file.seek(0, Deno.SeekMode.Start);
    this.#byteLength = 0;
    this.#hash = createHash("sha256");
    this.#origin = origin;
    if (origin === null) await removeFile(originPath(this.path));
    else await this.#onDisk(() => writeFileAtomic(originPath(this.path), `${JSON.stringify(origin)}\n`));
  }

  /** Appends bytes. Throws an Error with a hint if the disk is full. */
  async append(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    await this.#file.seek(this.#byteLength, Deno.SeekMode.Start);
    while (rest.length > 0) {
      const count = await this.#onDisk(() => this.#file.write(rest));
      // Counted per write, so that the hash matches the file even if a later write does not fit on the disk.
      this.#hash.update(rest.subarray(0, count));
      this.#byteLength += count;
      rest = rest.subarray(count);
    }
  }

  /** Flushes the content and renames the part to its final name. */
  async commit(target: string): Promise<void> {
    await this.#onDisk(() => this.#file.sync());
    await Deno.rename(this.path, target);
    this.#gone = true;
    await removeFile(originPath(this.path));
  }

  /** Closes the file and its lock; an uncommitted part stays for a later run unless it is empty. */
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

/** The origin of a part; null if it cannot be read, and the download starts over. */
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
