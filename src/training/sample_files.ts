/**
 * The images of validation samples in a run's folder: those of the best epochs stay, of other epochs only the newest.
 *
 * @module
 */
import { join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { parseSampleFile, RUN_FILES, sampleFile } from "../fs/layout.ts";
import { listFolder, removeFile } from "../fs/paths.ts";
import type { Metrics } from "../tracking/backend.ts";
import { nextStopping, NOT_STOPPING } from "./early_stopping.ts";

/** Writes samples, and removes those that they replace. */
export class SampleFiles {
  readonly #folder: string;
  readonly #history: readonly Metrics[] | undefined;
  /** By sample, the files that the next one replaces. */
  #replaced: Map<number, string[]> | undefined;

  /** The images in a run's folder; `history` tells which epochs were best, if the run was resumed. */
  constructor(runFolder: string, history?: readonly Metrics[]) {
    this.#folder = join(runFolder, RUN_FILES.samples);
    this.#history = history;
  }

  /** Writes the image of a sample, counted from 1, after an epoch. */
  async write(epoch: number, sample: number, png: Uint8Array, best: boolean): Promise<void> {
    this.#replaced ??= await this.#findReplaced();
    const name = sampleFile(epoch, sample);
    await writeFileAtomic(join(this.#folder, name), png);
    for (const old of this.#replaced.get(sample) ?? []) {
      if (old !== name) await removeFile(join(this.#folder, old));
    }
    this.#replaced.set(sample, best ? [] : [name]);
  }

  /** What an earlier process left. A run of a version that wrote only best epochs keeps no history, and all files. */
  async #findReplaced(): Promise<Map<number, string[]>> {
    const replaced = new Map<number, string[]>();
    if (this.#history === undefined) return replaced;
    const best = bestEpochs(this.#history);
    for (const { name } of await listFolder(this.#folder)) {
      const found = parseSampleFile(name);
      if (found === null || best.has(found.epoch)) continue;
      replaced.set(found.sample, [...replaced.get(found.sample) ?? [], name]);
    }
    return replaced;
  }
}

/** The epochs with a lower validation loss than all before. */
function bestEpochs(history: readonly Metrics[]): Set<number> {
  let state = NOT_STOPPING;
  const best = new Set<number>();
  for (const [index, { "valid/loss": loss = NaN }] of history.entries()) {
    state = nextStopping(state, index + 1, loss);
    best.add(state.bestEpoch);
  }
  return best;
}
