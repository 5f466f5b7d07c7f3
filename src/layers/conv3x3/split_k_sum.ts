/**
 * Sums over many terms by slices that are written separately and added up at the end: one long float32 sum would
 * lose digits.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { sumRows } from "../../../kernels/reduce/reduce.ts";
import { type Recorder, type Region, view } from "../../graph/recorder.ts";

/** Slices that are kept; if there are more, the kept ones are added up into a group to make room. */
export const MOST_SLICES = 256;

/** Slices that are still to be added up. */
export interface OpenSlices {
  /** Holds them, one after the other. */
  readonly region: Region;
  /** Their number. */
  readonly count: number;
}

/** A sum whose slices are written in runs. Its memory does not grow with their number, except for one slice per group. */
export class SplitKSum {
  readonly #recorder: Recorder;
  readonly #floats: number;
  readonly #most: number;
  readonly #slices: Region;
  readonly #groups: Region | undefined;
  #used = 0;
  #closed = 0;

  /**
   * Begins a sum.
   *
   * @param floats values of a slice, a multiple of 64
   * @param runs the number of slices of each run, in order
   * @param most slices that are kept, or as many as the longest run has
   */
  constructor(
    recorder: Recorder,
    label: string,
    floats: number,
    runs: readonly number[],
    most: number = MOST_SLICES,
  ) {
    const all = runs.reduce((sum, count) => sum + count, 0);
    const bound = Math.floor(recorder.maxBinding / (floats * 4));
    this.#recorder = recorder;
    this.#floats = floats;
    this.#most = Math.min(all, Math.max(Math.min(most, bound), ...runs));
    this.#slices = recorder.temporary(label, this.#most * floats);
    const groups = countGroups(runs, this.#most);
    this.#groups = groups > 1 ? recorder.temporary(`${label} in groups`, groups * floats) : undefined;
  }

  /** Where to write the next run of `count` slices: from slice `first` of the region. */
  take(count: number): { region: Region; first: number } {
    if (this.#used + count > this.#most) this.#close();
    const first = this.#used;
    this.#used += count;
    return { region: this.#slices, first };
  }

  /** The slices, or groups of slices, that are still to be added up once all are written. */
  finish(): OpenSlices {
    if (!this.#groups) return { region: this.#slices, count: this.#used };
    this.#close();
    return { region: this.#groups, count: this.#closed };
  }

  #close(): void {
    const floats = this.#floats;
    this.#recorder.run(
      sumRows({ rows: floats, length: this.#used, rowStride: 1, itemStride: floats }),
      { partial: this.#slices, total: view(this.#groups!, this.#closed * floats, floats) },
    );
    this.#closed++;
    this.#used = 0;
  }
}

function countGroups(runs: readonly number[], most: number): number {
  let [groups, used] = [1, 0];
  for (const count of runs) {
    if (used + count > most) [groups, used] = [groups + 1, 0];
    used += count;
  }
  return groups;
}
