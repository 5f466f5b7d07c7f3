/**
 * Which ranks live, and why the first of them failed: files in a folder that all ranks see. Each rank holds the lock of
 * its own file for as long as its process lives, however it ends.
 *
 * @module
 */
import { join } from "node:path";
import { ifFound, removeTree } from "../fs/paths.ts";

/** The first failure of a rank that could still tell. */
export interface RankFailure {
  /** The rank. */
  readonly rank: number;
  /** Its error. */
  readonly message: string;
}

const FAILURE = "failure.json";

/** Milliseconds that a world may take to start, at most. */
const STARTING_MS = 60 * 60 * 1000;

/** A rank's view of all ranks. */
export class RankBoard {
  readonly #folder: string;
  readonly #rank: number;
  readonly #size: number;
  readonly #own: Deno.FsFile | null;

  private constructor(folder: string, rank: number, size: number, own: Deno.FsFile | null) {
    this.#folder = folder;
    this.#rank = rank;
    this.#size = size;
    this.#own = own;
  }

  /** Creates the folder if it is missing, and takes this rank's lock; other ranks count as lost until they have, too. */
  static async join(folder: string, rank: number, size: number): Promise<RankBoard> {
    await Deno.mkdir(folder, { recursive: true });
    const own = await Deno.open(join(folder, `${rank}`), { create: true, write: true });
    // On a file system without locks, ranks never count as lost.
    await own.tryLock(true).catch(() => {});
    return new RankBoard(folder, rank, size, own);
  }

  /** Removes what worlds that did not end in order left in `parent`, in folders that begin with `prefix`. */
  static async clearLeft(parent: string, prefix: string): Promise<void> {
    const left: string[] = [];
    try {
      for await (const { name } of Deno.readDir(parent)) {
        if (name.startsWith(prefix)) left.push(join(parent, name));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    for (const folder of left) {
      // A world that starts has no locks yet.
      const { mtime } = await ifFound(Deno.stat(folder)) ?? {};
      if (!mtime || Date.now() - mtime.getTime() < STARTING_MS) continue;
      const locks = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
        /^\d+$/.test(name)
      );
      const isLeft = locks.every((name) => new RankBoard(folder, -1, 0, null).#isFree(Number(name)));
      if (isLeft) await removeTree(folder);
    }
  }

  /** The same view for another thread of the process. */
  static watch(folder: string, rank: number, size: number): RankBoard {
    return new RankBoard(folder, rank, size, null);
  }

  /** The ranks whose processes have ended without leaving, in order. */
  lost(): number[] {
    return Array.from({ length: this.#size }, (_, rank) => rank).filter((rank) =>
      rank !== this.#rank && this.#isFree(rank)
    );
  }

  /** Leaves a failure for the others; false if another rank has already left one, and thus speaks for all. */
  fail(message: string): boolean {
    const text = JSON.stringify({ rank: this.#rank, message } satisfies RankFailure);
    try {
      Deno.writeTextFileSync(join(this.#folder, FAILURE), text, { createNew: true });
      return true;
    } catch (error) {
      // A full disk must not hide the failure itself.
      return !(error instanceof Deno.errors.AlreadyExists);
    }
  }

  /** Whether a rank has left a failure. */
  hasFailed(): boolean {
    try {
      Deno.statSync(join(this.#folder, FAILURE));
      return true;
    } catch {
      return false;
    }
  }

  /** Releases this rank's lock. The first rank removes the folder: call it after an exchange that all ranks took part in. */
  async leave(): Promise<void> {
    this.#own?.close();
    if (this.#rank === 0) await removeTree(this.#folder);
  }

  #isFree(rank: number): boolean {
    try {
      using file = Deno.openSync(join(this.#folder, `${rank}`), { write: true });
      // Shared, so that two watchers do not take each other for the holder.
      return file.tryLockSync(false);
    } catch {
      // Without the file, or locks, nothing is known.
      return false;
    }
  }
}
