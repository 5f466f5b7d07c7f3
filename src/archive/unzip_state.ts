/**
 * The folder `.unzip` in the output of an extraction: the lock, the list of what was unpacked, the stage for new
 * content, and files that were set aside.
 *
 * New content is complete and checked in `stage/new` before anything else moves. Then `stage/commit.json` records what
 * is to be moved, which commits the change: a run killed before leaves the old content; one killed after leaves each
 * top-level name old or new, until the next run finishes the moves. No name is ever incomplete.
 *
 * @module
 */
import { join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { takeLock } from "../fs/lock.ts";
import { ifFound, isTaken, readJson, removeTree } from "../fs/paths.ts";

/** The content of a top-level name. */
export interface UnpackedEntry {
  /** The name of the file or folder. */
  readonly name: string;
  /** The number of files. */
  readonly files: number;
  /** Their total size in bytes. */
  readonly byteLength: number;
}

/** What was unpacked, and its source. */
export interface Manifest {
  /** SHA-256 of the zip, in hexadecimal. */
  readonly sha256: string;
  /** Length of the zip in bytes. */
  readonly byteLength: number;
  /** The encoding that its names were read in, if one was chosen. */
  readonly names?: string;
  /** The content of its top-level names. */
  readonly entries: readonly UnpackedEntry[];
}

/** The moves of a committed change, repeated until all are done. */
interface Commit {
  readonly manifest: Manifest;
  /** Names of the previous archive that this one does not have. */
  readonly leaving: readonly string[];
  /** Names whose content is exactly what an earlier run unpacked, so that it may be deleted. */
  readonly ours: readonly string[];
  /** Where conflicting other content is moved: a path in the output. */
  readonly keptIn: string;
}

/** The name of the folder of this module; archives may not contain it. */
export const STATE_FOLDER = ".unzip";

/** The state of an output folder, locked against a second run. */
export class UnzipState implements Disposable {
  readonly #output: string;
  readonly #lock: Deno.FsFile;

  private constructor(output: string, lock: Deno.FsFile) {
    this.#output = output;
    this.#lock = lock;
  }

  /**
   * Creates or opens the state of `output`; finishes a change that a killed run had committed, and discards one that it
   * had not.
   *
   * @throws {Error} if another process is unpacking to the same folder
   */
  static async open(output: string): Promise<UnzipState> {
    await Deno.mkdir(join(output, STATE_FOLDER), { recursive: true });
    const lock = await Deno.open(join(output, STATE_FOLDER, "lock"), { write: true, create: true });
    try {
      if (!await takeLock(lock)) throw new Error(`Cannot unpack to ${output}: another run is doing so`);
      const state = new UnzipState(output, lock);
      const commit = await readJson(state.#path("stage", "commit.json")) as Commit | null;
      if (commit === null) await state.clearStage();
      else await state.#carryOut(commit);
      return state;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** The folder for new content. */
  get stage(): string {
    return this.#path("stage", "new");
  }

  /** Removes the staged content. */
  async clearStage(): Promise<void> {
    await removeTree(this.#path("stage"));
  }

  /** Whether a change is committed but not finished. */
  async committing(): Promise<boolean> {
    return await isTaken(this.#path("stage", "commit.json"));
  }

  /** What the last complete run unpacked; null if there was none, or its list is unreadable. */
  async manifest(): Promise<Manifest | null> {
    return await readJson(this.#path("done.json")) as Manifest | null;
  }

  /** Whether everything listed in `manifest` exists, judged by counts and sizes. */
  async holds(manifest: Manifest): Promise<boolean> {
    for (const entry of manifest.entries) {
      if (!sameTally(entry, await tally(join(this.#output, entry.name)))) return false;
    }
    return true;
  }

  /**
   * Moves the staged content to its place.
   *
   * @returns the folder with conflicting content of other origin, or null
   */
  async commit(manifest: Manifest): Promise<string | null> {
    const previous = await this.manifest();
    const arriving = new Set(manifest.entries.map((entry) => entry.name));
    const stamp = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
    const commit: Commit = {
      manifest,
      leaving: (previous?.entries ?? []).map((entry) => entry.name).filter((name) => !arriving.has(name)),
      ours: previous === null ? [] : await this.#unchanged(previous),
      keptIn: join(STATE_FOLDER, `kept-${stamp}`),
    };
    await writeFileAtomic(this.#path("stage", "commit.json"), JSON.stringify(commit));
    await this.#carryOut(commit);
    const kept = join(this.#output, commit.keptIn);
    return await isTaken(kept) ? kept : null;
  }

  /** Releases the lock. */
  [Symbol.dispose](): void {
    this.#lock.close();
  }

  #path(...parts: string[]): string {
    return join(this.#output, STATE_FOLDER, ...parts);
  }

  /** Every step may already have been done by a killed run. */
  async #carryOut(commit: Commit): Promise<void> {
    for (const name of commit.leaving) await this.#setAside(name, commit);
    for (const { name } of commit.manifest.entries) {
      if (!await isTaken(join(this.stage, name))) continue;
      await this.#setAside(name, commit);
      await Deno.rename(join(this.stage, name), join(this.#output, name));
    }
    await writeFileAtomic(this.#path("done.json"), `${JSON.stringify(commit.manifest, null, 2)}\n`);
    await this.clearStage();
  }

  async #setAside(name: string, commit: Commit): Promise<void> {
    const from = join(this.#output, name);
    if (!await isTaken(from)) return;
    const old = this.#path("stage", "old");
    const ours = commit.ours.includes(name) && !await isTaken(join(old, name));
    const folder = ours ? old : join(this.#output, commit.keptIn);
    await Deno.mkdir(folder, { recursive: true });
    let to = join(folder, name);
    for (let again = 2; await isTaken(to); again++) to = join(folder, `${name}-${again}`);
    await Deno.rename(from, to);
  }

  /** The names with unpacked content only, unchanged since: deleting them loses nothing. */
  async #unchanged(manifest: Manifest): Promise<string[]> {
    const { mtime } = await Deno.stat(this.#path("done.json"));
    const unpackedAt = mtime?.getTime() ?? -Infinity;
    const names: string[] = [];
    for (const entry of manifest.entries) {
      const found = await tally(join(this.#output, entry.name));
      if (sameTally(entry, found) && found.newest <= unpackedAt) names.push(entry.name);
    }
    return names;
  }
}

/** The files under a path; `newest` is the latest modification time in milliseconds. */
interface Tally {
  files: number;
  byteLength: number;
  newest: number;
}

function sameTally(entry: UnpackedEntry, found: Tally): boolean {
  return entry.files === found.files && entry.byteLength === found.byteLength && found.newest > -Infinity;
}

/** Counts the files at or under `path`; a missing path has a `newest` of -Infinity. */
export async function tally(path: string): Promise<Tally> {
  const info = await ifFound(Deno.lstat(path));
  if (info === null) return { files: 0, byteLength: 0, newest: -Infinity };
  // Links are never unpacked: newer than everything, so that they are never deleted.
  if (!info.isDirectory) {
    return {
      files: 1,
      byteLength: info.size,
      newest: info.isFile ? info.mtime?.getTime() ?? Infinity : Infinity,
    };
  }
  const sum: Tally = { files: 0, byteLength: 0, newest: 0 };
  for await (const { name } of Deno.readDir(path)) {
    const part = await tally(join(path, name));
    sum.files += part.files;
    sum.byteLength += part.byteLength;
    sum.newest = Math.max(sum.newest, part.newest);
  }
  return sum;
}
