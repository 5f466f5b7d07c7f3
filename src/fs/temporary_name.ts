/**
 * Names under which files and folders are made until they are complete, and what killed runs left under them.
 *
 * A run that works under `GOAL.0123abcd.tmp` holds a lock on `GOAL.0123abcd.lock`, which it makes before and removes
 * after. However a process ends, the system gives up its locks: a lock file that can be locked is a dead run's, and
 * one that cannot is a living one's, also where that has not written for a day.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { isTaken, removeTree } from "./paths.ts";

/** A new name beside `goal`. */
export function temporaryPath(goal: string): string {
  return `${goal}.${crypto.randomUUID().slice(0, 8)}.tmp`;
}

/** Whether something of this name is, or was, on its way to another one. */
export function isTemporaryName(name: string): boolean {
  return /\.[0-9a-f]{8}\.tmp$/.test(name);
}

/** Removes whatever stands under a temporary name, which may be nothing. */
type Clear = (path: string) => Promise<void>;

/** A temporary name that no other run takes for a dead one's, until it is disposed of. */
export class TemporaryName implements AsyncDisposable {
  /** The path; nothing is there yet. */
  readonly path: string;
  #lock: Deno.FsFile | null;
  readonly #clear: Clear;

  private constructor(path: string, lock: Deno.FsFile, clear: Clear) {
    this.path = path;
    this.#lock = lock;
    this.#clear = clear;
  }

  /** Clears away what dead runs left beside `goal`, and gives a new name there; makes the folder where it is missing. */
  static async claim(goal: string, clear: Clear = removeTree): Promise<TemporaryName> {
    await Deno.mkdir(dirname(goal), { recursive: true });
    await clearDead(goal, clear);
    for (;;) {
      const path = temporaryPath(goal);
      const lock = await Deno.open(lockPath(path), { write: true, createNew: true });
      // Where the file system knows no locks, no other run can take it either.
      const locked = await lock.tryLock(true).catch(() => true);
      // Another run may have found the file before it was locked, and removed it as a dead one's.
      if (locked && await isTaken(lockPath(path))) return new TemporaryName(path, lock, clear);
      lock.close();
    }
  }

  /** Clears away what is still under the name, and gives it up; a second time does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    const lock = this.#lock;
    this.#lock = null;
    if (lock !== null) await giveUp(this.path, lock, this.#clear);
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
    // One that cannot be opened is gone by now, or another user's.
    const lock = await Deno.open(path, { write: true }).catch(() => null);
    if (await lock?.tryLock(true).catch(() => false)) {
      await giveUp(path.replace(/lock$/, "tmp"), lock!, clear);
    } else lock?.close();
  }
}

/** What cannot be removed now is left to a later run, which finds it by the lock file. */
async function giveUp(path: string, lock: Deno.FsFile, clear: Clear): Promise<void> {
  try {
    await clear(path);
    await removeTree(lockPath(path));
  } catch {
    // The goal is made or has failed already; neither is changed by what lies beside it.
  } finally {
    lock.close();
  }
}
