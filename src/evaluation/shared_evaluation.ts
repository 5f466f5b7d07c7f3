/**
 * The evaluation of a split by several ranks, or in several runs.
 *
 * @module
 */
import { join } from "node:path";
import type { PreparedSplit } from "../dataset/prepared_split.ts";
import type { ImagePredictor } from "../prediction/predictor.ts";
import type { SharedWork } from "../ranks/share.ts";
import { WorkLedger } from "../ranks/work_ledger.ts";
import { removeTree } from "../fs/paths.ts";
import {
  assertFits,
  evaluateImages,
  type EvaluateSplitOptions,
  type ImageEvaluation,
  type SplitEvaluation,
  summarizeSplit,
} from "./evaluate_split.ts";
import { type MapDescription, partOf, placeMaps, type StoredMaps, storingParts } from "./map_storage.ts";

/** Options of {@linkcode evaluateShared}. */
export interface SharedEvaluationOptions extends Omit<EvaluateSplitOptions, "onMaps">, SharedWork {
  /** The folder of what is done; removed at the end. */
  readonly ledger: string;
  /** Everything that results depend on besides the data. */
  readonly settings: unknown;
  /** Where probability maps are stored, and what they are of; null for none. */
  readonly maps: { readonly folder: string; readonly description: MapDescription } | null;
}

/** The evaluation, on the first rank; null on the others. Every rank must call it. */
export async function evaluateShared(
  predictor: ImagePredictor,
  prepared: PreparedSplit,
  options: SharedEvaluationOptions,
): Promise<{ result: SplitEvaluation; stored: StoredMaps | null } | null> {
  assertFits(predictor, prepared);
  const { ledger: folder, ranks, missing, maps, settings } = options;
  const { samples, fingerprint } = prepared;
  const parts = join(folder, "maps");
  const ledger = await WorkLedger.open<ImageEvaluation>({
    folder,
    key: JSON.stringify([fingerprint, settings, maps !== null]),
    items: samples.map(({ fileName }) => ({ name: fileName })),
    ranks,
    missing,
    // A run that was killed at its end may have moved them.
    outputOf: maps === null ? undefined : (index) => partOf(parts, index),
  });
  options.onLedger?.(folder);
  const onMaps = maps === null ? undefined : storingParts(parts, maps.description, samples);
  let done = 0;
  for await (
    const { index, ...image } of evaluateImages(predictor, prepared, ledger.own, { ...options, onMaps })
  ) {
    ledger.add(index, image);
    options.onProgress?.(++done, ledger.own.length);
  }
  const images = await ledger.collect();
  if (images === null) return null;
  const stored = maps === null ? null : await placeMaps(parts, maps.folder, maps.description, samples);
  // Every file was dealt to a rank, and a rank that fails ends all.
  const result = summarizeSplit(predictor, images.map((image) => image!), options);
  await removeTree(folder);
  return { result, stored };
}
