/**
 * The ranks that run a task together, from the first exchange to the last.
 *
 * @module
 */
import { join } from "node:path";
import { allTexts, barrier } from "../training/collective.ts";
import { MpiCollective } from "./mpi_collective.ts";
import { exitAtOnce, joinMpi, type Mpi } from "./mpi_library.ts";
import { RankBoard } from "./rank_board.ts";

/** How a process joins its world. */
export interface WorldOptions {
  /** The absolute path of the MPI library. */
  readonly library: string;
  /** A folder that all ranks may write, on a file system that they share. */
  readonly folder: string;
  /** What a user can do if a rank is lost. */
  readonly hint: string;
  /** Starts the thread that watches the other ranks. */
  readonly startWatch: () => Worker;
}

/** Messages to the thread that watches: the first, and where it is written what each rank has done. */
export type ToRankWatch = WatchStart | { readonly ledger: string };

/** Its first message. */
export interface WatchStart {
  /** The folder of the {@linkcode RankBoard}. */
  readonly folder: string;
  /** This rank. */
  readonly rank: number;
  /** Number of ranks. */
  readonly size: number;
  /** The MPI library. */
  readonly library: string;
  /** What to do about a lost rank. */
  readonly hint: string;
}

/** Message from it. */
export type FromRankWatch = "watching";

/** Begins the names of the folders in which ranks see each other. */
const PREFIX = "ranks-";

/** The ranks of a task. */
export class World {
  /** Exchanges between the ranks. */
  readonly collective: MpiCollective;
  /** The library, and this rank's place. */
  readonly mpi: Mpi;
  readonly #library: string;
  readonly #board: RankBoard;
  readonly #watch: Worker;

  private constructor(mpi: Mpi, collective: MpiCollective, library: string, board: RankBoard, watch: Worker) {
    this.mpi = mpi;
    this.collective = collective;
    this.#library = library;
    this.#board = board;
    this.#watch = watch;
  }

  /**
   * Joins the ranks that `mpirun` or `srun` started.
   *
   * @throws {Error} if the library cannot be used, or the folder cannot be written
   */
  static async join({ library, folder, hint, startWatch }: WorldOptions): Promise<World> {
    const mpi = joinMpi(library);
    const collective = new MpiCollective(mpi);
    const [token] = await allTexts(collective, mpi.rank === 0 ? crypto.randomUUID() : "");
    if (mpi.rank === 0) await RankBoard.clearLeft(folder, PREFIX);
    const place = join(folder, `${PREFIX}${token}`);
    const board = await RankBoard.join(place, mpi.rank, mpi.size);
    // Before every rank holds its lock, one would seem lost.
    await barrier(collective);
    const watch = startWatch();
    const watching = Promise.withResolvers<void>();
    watch.onmessage = () => watching.resolve();
    watch.postMessage({ folder: place, rank: mpi.rank, size: mpi.size, library, hint } satisfies ToRankWatch);
    await watching.promise;
    return new World(mpi, collective, library, board, watch);
  }

  /** Whether this rank prints and writes for all. */
  get isFirst(): boolean {
    return this.mpi.rank === 0;
  }

  /**
   * Tells the other ranks that this one has failed; returns whether it is the first to do so, and thus the one that
   * reports it.
   */
  fail(message: string): boolean {
    return this.#board.fail(message);
  }

  /** Tells where it is written what each rank has done, so that a lost rank's files can be named. */
  keepLedger(folder: string): void {
    this.#watch.postMessage({ ledger: folder } satisfies ToRankWatch);
  }

  /** Ends this process at once; the other ranks notice, and end. */
  exit(code: number): void {
    exitAtOnce(this.#library, code);
  }

  /**
   * Leaves the world in order; every rank must call it.
   *
   * @param code ends the process with this exit code: after a signal `mpirun` no longer takes part in MPI's farewell
   */
  async leave(code?: number): Promise<void> {
    // A rank that has left looks lost to one that still watches.
    await barrier(this.collective);
    this.#watch.terminate();
    await barrier(this.collective);
    await this.#board.leave();
    if (code !== undefined) exitAtOnce(this.#library, code);
    this.mpi.finalize();
  }
}
