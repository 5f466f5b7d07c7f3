/**
 * The lock of a folder that one process writes for hours, on disks that several machines may share.
 *
 * Within a machine the system's lock of the file decides: it ends however its process ends. Between machines some file
 * systems grant it to both. So the holder writes a random token and a count into the file, twice per second, from a
 * thread that nothing blocks. Whoever gets the system's lock of a file with a token watches whether it still counts:
 * clocks are not compared, and no machine is named.
 *
 * @module
 */
import { formatBeat, tokenOf } from "./heartbeat.ts";
import { takeLock } from "./lock.ts";
import { ifFound, removeFile } from "./paths.ts";
import { temporaryPath } from "./temporary_name.ts";
import { readWholeFile } from "./whole_file.ts";
import { writeWholeSync } from "./write_whole.ts";

/** Milliseconds between beats. */
const BEAT_MS = 500;

/** Milliseconds without a beat after which a holder counts as dead: ten beats, for a machine under load. */
const STALE_MS = 5000;

/** Thrown if another process holds the lock. */
export class HeldError extends Error {}

/** Message to the thread that beats. */
export interface BeatTask {
  /** The lock file. */
  readonly path: string;
  /** The holder's token. */
  readonly token: string;
  /** Milliseconds between beats. */
  readonly everyMs: number;
}

/** A lock that this process holds until it is disposed of. */
export class FolderLock implements AsyncDisposable {
  /** Resolves when it is certain that no process on another machine holds the lock; rejects with a HeldError. */
  readonly confirmed: Promise<void>;
  readonly #path: string;
  readonly #token = crypto.randomUUID();
  #file: Deno.FsFile | null;
  #stopBeats: () => void = () => {};

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
    this.confirmed = this.#claim();
    this.confirmed.catch(() => {});
  }

  /**
   * Takes the lock file `path`, whose folder must exist.
   *
   * @throws {HeldError} if another process of this machine holds it.
   */
  static async take(path: string): Promise<FolderLock> {
    for (;;) {
      const file = await Deno.open(path, { read: true, write: true, create: true });
      if (!await takeLock(file)) {
        file.close();
        throw new HeldError(`${path} is held by another process`);
      }
      // Its last holder may have removed the file before it was locked.
      // Behind a link of the user's, the open file may not be looked at; `check` then notices another holder.
      const own = await file.stat().catch((error) => {
        if (error instanceof Deno.errors.NotCapable) return null;
        throw error;
      });
      const found = await ifFound(Deno.stat(path));
      if (found !== null && (own === null || found.ino === own.ino)) return new FolderLock(path, file);
      file.close();
    }
  }

  /**
   * Checks that the lock is still this process's: one that stood still may have been taken for dead on another machine.
   *
   * @throws {HeldError} if another process took it over.
   */
  async check(): Promise<void> {
    await this.confirmed;
    const found = await readText(this.#path);
    // A disk that fails for a moment proves nothing.
    if (found === null || tokenOf(found) === this.#token) return;
    throw new HeldError(`${this.#path} was taken over by another process`);
  }

  /** Removes the lock file, if it is still this process's, and releases the lock; a second call does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    this.#file = null;
    await this.confirmed.catch(() => {});
    this.#stopBeats();
    // Empty if it was disposed of before it wrote its token.
    const token = tokenOf(await readText(this.#path) ?? "");
    if (token === this.#token || token === "") await removeFile(this.#path).catch(() => {});
    file.close();
  }

  /** Waits until a holder that may live elsewhere has missed its beats, then writes this process's token. */
  async #claim(): Promise<void> {
    const before = await readText(this.#path) ?? "";
    if (before !== "") {
      const until = performance.now() + STALE_MS - await this.#age();
      for (;;) {
        if (await readText(this.#path) !== before) {
          throw new HeldError(`${this.#path} is held by a process on another machine`);
        }
        if (performance.now() >= until || this.#file === null) break;
        await new Promise((resolve) => setTimeout(resolve, BEAT_MS / 5));
      }
    }
    const file = this.#file;
    // Disposed of in the meantime.
    if (file === null) return;
    await file.truncate();
    await file.seek(0, Deno.SeekMode.Start);
    writeWholeSync(file, formatBeat(this.#token, 0));
  }

  /** Starts to count, for a lock that is held longer than for a look. */
  beat(): void {
    this.confirmed.then(() => {
      if (this.#file === null) return;
      this.#stopBeats = startBeats({ path: this.#path, token: this.#token, everyMs: BEAT_MS });
    }, () => {});
  }

  /** Milliseconds since the file was last written, by the clock of its disk. */
  async #age(): Promise<number> {
    const probe = temporaryPath(this.#path);
    try {
      await Deno.writeTextFile(probe, "", { createNew: true });
      const [now, then] = [(await Deno.stat(probe)).mtime, (await Deno.stat(this.#path)).mtime];
      return now && then ? now.getTime() - then.getTime() : 0;
    } catch {
      return 0;
    } finally {
      await removeFile(probe).catch(() => {});
    }
  }
}

/** Beats in a thread: this one is blocked while it waits for the GPU. */
function startBeats(task: BeatTask): () => void {
  const url = new URL("./heartbeat_worker.ts", import.meta.url);
  // Without the thread's file other machines may take this process for dead, and `check` notices.
  if (Deno.permissions.querySync({ name: "read", path: url }).state !== "granted") return () => {};
  const worker = new Worker(url, { type: "module" });
  worker.onerror = (event) => event.preventDefault();
  worker.postMessage(task);
  return () => worker.terminate();
}

/** The file's text; null if it cannot be read. */
async function readText(path: string): Promise<string | null> {
  try {
    return new TextDecoder().decode(await readWholeFile(path));
  } catch {
    return null;
  }
}
