/**
 * The fold of a run, by the images that `ensemble.json` lists.
 *
 * @module
 */
import type { EnsembleFile } from "../prediction/ensemble_file.ts";
import type { FoldChoice } from "../training/folds/fold_splits.ts";

/** Which images a fold's run is validated with; undefined for seeds. */
export function foldChoice({ images }: Pick<EnsembleFile, "images">, fold: number): FoldChoice | undefined {
  if (images === undefined) return undefined;
  const folds = new Map(images.map(({ split, name, fold }) => [keyOf(split, name), fold]));
  return { fold, foldOf: (split, name) => folds.get(keyOf(split, name)) ?? null };
}

function keyOf(split: string, name: string): string {
  return JSON.stringify([split, name]);
}
