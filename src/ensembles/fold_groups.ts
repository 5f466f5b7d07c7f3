/**
 * Which images of the training and the validation split must share a fold: near-duplicates, and images of one patient or
 * source by their names.
 *
 * @module
 */
import type { OpenSplit } from "../dataset/class_overlaps.ts";
import { inspectImage } from "../dataset/inspect_image.ts";
import { mapConcurrently, READ_AHEAD } from "../dataset/map_concurrently.ts";
import type { ImageSignature } from "../dataset/near_duplicates.ts";
import { groupByName, parsePattern } from "../import/groups_by_name.ts";
import { joinByKey } from "../import/make_splits.ts";
import type { FoldImage } from "../prediction/ensemble_file.ts";
import { groupDuplicates } from "../resplit/groups.ts";
import { assignFolds } from "./assign_folds.ts";

/** How images are grouped and assigned. */
export interface FoldOptions {
  /** How many folds. */
  readonly count: number;
  /** An integer that determines the order of groups of equal size. */
  readonly seed: number;
  /** A regular expression of what images of one patient share in their paths, `none`, or by default a guess. */
  readonly group?: string | undefined;
  /** Called after every image that was inspected. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Gets lines for the user. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Aborts the work. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Assigns the usable images of splits to folds.
 *
 * @throws {RangeError} if there are fewer groups than folds
 * @throws {SyntaxError} if `group` is no regular expression; an Error if it matches no name
 */
export async function makeFolds(splits: readonly OpenSplit[], options: FoldOptions): Promise<FoldImage[]> {
  const { count, seed, group, onProgress, onNote, signal } = options;
  // Before images are read.
  if (group !== undefined) parsePattern(group, "--group");
  const listed = splits.flatMap(({ split, listing }) =>
    listing.images.filter(({ state }) => state === "annotated" || state === "unannotated")
      .map((image) => ({ split, image }))
  );
  let done = 0;
  const found = await mapConcurrently(listed, READ_AHEAD, async ({ split, image }) => {
    signal?.throwIfAborted();
    const { signature } = await inspectImage(split, image);
    onProgress?.(++done, listed.length);
    return signature === null ? null : { signature, annotated: image.state === "annotated" };
  });
  const images = found.filter((each) => each !== null);
  if (images.length < listed.length) {
    onNote?.(
      `${listed.length - images.length} of ${listed.length} images cannot be read, and are in no fold`,
    );
  }
  const signatures = images.map(({ signature }) => signature);
  const named = groupByName(signatures.map(({ fileName }) => fileName), group);
  if (named.line !== null) onNote?.(named.line.replaceAll("in one split", "in one fold"));
  const groups = groupImages(signatures, named.keys);
  const folds = assignFolds(
    groups.map((indices) => ({
      images: indices.length,
      annotated: indices.filter((index) => images[index]!.annotated).length,
    })),
    count,
    seed,
  );
  const result = new Array<FoldImage>(images.length);
  groups.forEach((indices, group) => {
    for (const index of indices) {
      const { split, fileName: name, sha256 } = signatures[index]!;
      result[index] = { split, name, sha256, group, fold: folds[group]! };
    }
  });
  return result;
}

/** The groups of images: connected by near-duplicates and by keys, each with the indices of its images. */
export function groupImages(
  signatures: readonly ImageSignature[],
  keys: readonly (string | null)[],
): number[][] {
  return joinByKey(groupDuplicates(signatures).map(({ indices }) => indices), keys);
}
