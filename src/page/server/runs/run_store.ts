/**
 * All runs of a folder, looked at again and again.
 *
 * @module
 */
import { join } from "node:path";
import { listFolder } from "../../../fs/paths.ts";
import type { RunSummary } from "../../api/runs.ts";
import { type Board, RouteError } from "../route.ts";
import { WatchedRun } from "./watched_run.ts";

/** Milliseconds for which a list serves all who ask. */
const KEPT_MS = 400;

/** Runs that are looked at next to each other. */
const TOGETHER = 16;

/** The runs. */
export class RunStore {
  readonly #folder: string;
  #runs = new Map<string, WatchedRun>();
  #listed: Promise<readonly RunSummary[]> | null = null;
  #listedAt = -Infinity;

  /** The runs in `folder`, which need not exist. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** All runs by name; a folder without any file of a run is none. */
  list(): Promise<readonly RunSummary[]> {
    if (this.#listed === null || performance.now() - this.#listedAt > KEPT_MS) {
      this.#listedAt = performance.now();
      this.#listed = this.#list().catch((error) => {
        this.#listed = null;
        throw error;
      });
    }
    return this.#listed;
  }

  async #list(): Promise<readonly RunSummary[]> {
    const entries = await listFolder(this.#folder);
    const names = entries.filter(({ name, isFile }) => !isFile && !name.startsWith("."))
      .map(({ name }) => name).sort();
    const runs = new Map<string, WatchedRun>();
    const summaries: RunSummary[] = [];
    for (let first = 0; first < names.length; first += TOGETHER) {
      await Promise.all(
        names.slice(first, first + TOGETHER).map(async (name) => {
          const known = this.#runs.get(name);
          const run = known ?? new WatchedRun(name, join(this.#folder, name));
          if (!await run.exists()) return;
          runs.set(name, run);
          summaries.push(await run.refresh());
        }),
      );
    }
    this.#runs = runs;
    return summaries.sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /**
   * The run of this name.
   *
   * @throws {RouteError} if the folder has none.
   */
  async run(name: string): Promise<WatchedRun> {
    if (!this.#runs.has(name)) await this.list();
    const run = this.#runs.get(name);
    if (run === undefined || !await run.exists()) {
      throw new RouteError(404, `There is no run ${JSON.stringify(name)}`);
    }
    return run;
  }
}

const stores = new WeakMap<Board, RunStore>();

/** The runs that a board shows. */
export function runsOf(board: Board): RunStore {
  let store = stores.get(board);
  if (store === undefined) stores.set(board, store = new RunStore(board.runs));
  return store;
}
