/**
 * Names under which files and folders are built until they are complete, and the removal of what killed runs left.
 *
 * A run that works under `GOAL.0123abcd.tmp` holds a lock on `GOAL.0123abcd.lock`, which it creates before and removes
 * after. The system releases a process's locks however it ends: a lock file that can be locked belongs to a dead run,
 * one that cannot belongs to a live one, even if that has not written for a day.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { takeLock } from "./lock.ts";
import { isTaken, removeTree } from "./paths.ts";

/** A new temporary path next to `goal`. */
export function temporaryPath(goal: string): string {
  return `${goal}.${crypto.randomUUID().slice(0, 8)}.tmp`;
}

/** Whether this is the name of an unfinished file or folder. */
export function isTemporaryName(name: string): boolean {
  return /\.[0-9a-f]{8}\.tmp$/.test(name);
}

/** Removes what a run left under a temporary path, if anything. */
type Clear = (path: string) => Promise<void>;

/** A temporary path that no other run mistakes for a dead run's, until it is disposed of. */
export class TemporaryName implements AsyncDisposable {
  /** The path; nothing exists there yet. */
  readonly path: string;
  #lock: Deno.FsFile | null;
  readonly #clear: Clear;

  private constructor(path: string, lock: Deno.FsFile, clear: Clear) {
    this.path = path;
    this.#lock = lock;
    this.#clear = clear;
  }

  /** Removes what dead runs left next to `goal` and claims a new path there; creates the folder if it is missing. */
  static async claim(goal: string, clear: Clear = removeTree): Promise<TemporaryName> {
    await Deno.mkdir(dirname(goal), { recursive: true });
    await clearDead(goal, clear);
    for (;;) {
      const path = temporaryPath(goal);
      const lock = await Deno.open(lockPath(path), { write: true, createNew: true });
      // Another run may have found the file before it was locked, and removed it as a dead run's.
      if (await takeLock(lock) && await isTaken(lockPath(path))) return new TemporaryName(path, lock, clear);
      lock.close();
    }
  }

  /** Removes what is still under the path and releases it; a second call does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    const lock = this.#lock;
    this.#lock = null;
    if (lock !== null) await release(this.path, lock, this.#clear);
  }
}

function lockPath(path: string): string {
  return path.replace(/tmp$/, "lock");
}

async function clearDead(goal: string, clear: Clear): Promise<void> {
  const folder = dirname(goal);
  const start = `${basename(goal)}.`;
  for (const { name } of await Array.fromAsync(Deno.readDir(folder))) {
    if (!name.startsWith(start) || !/^[0-9a-f]{8}\.lock$/.test(name.slice(start.length))) continue;
    const path = join(folder, name);
    // A file that cannot be opened is gone by now, or belongs to another user.
    const lock = await Deno.open(path, { write: true }).catch(() => null);
    // Without locks, nothing tells a dead run's file from a live one's.
    if (await lock?.tryLock(true).catch(() => false)) {
      await release(path.replace(/lock$/, "tmp"), lock!, clear);
    } else lock?.close();
  }
}

/** What cannot be removed now is left to a later run, which finds it by the lock file. */
async function release(path: string, lock: Deno.FsFile, clear: Clear): Promise<void> {
  try {
    await clear(path);
    await removeTree(lockPath(path));
  } catch {
    // The goal is complete or has failed already; leftovers next to it change neither.
  } finally {
    lock.close();
  }
}
