/**
 * Assigns groups of images to the folds of a cross-validation, each group as a whole.
 *
 * @module
 */
import { shuffled } from "../random.ts";

/** A group of images that must share a fold. */
export interface FoldGroup {
  /** Its images. */
  readonly images: number;
  /** Those of them that are annotated. */
  readonly annotated: number;
}

/**
 * Assigns each group to one of `count` folds, so that images and, of those, annotated ones are spread evenly; returns
 * the fold of each group, from 0.
 *
 * Greedy: the largest group first, of equal ones that with more annotated images, then in an order drawn from the seed;
 * each to the fold that has the fewest images, then the fewest annotated ones, then the lowest number.
 *
 * @throws {RangeError} if there are fewer groups than folds, or fewer than two folds.
 */
export function assignFolds(groups: readonly FoldGroup[], count: number, seed: number): number[] {
  if (!Number.isSafeInteger(count) || count < 2) {
    throw new RangeError(`Cannot make ${count} folds: expected an integer >= 2`);
  }
  if (groups.length < count) {
    throw new RangeError(
      `Cannot make ${count} folds of ${groups.length} groups: images of a group must share a fold\n` +
        `hint: ${
          groups.length < 2
            ? "near-duplicates or names join all images; --group none groups by pixels only"
            : `use --folds ${groups.length} or fewer`
        }`,
    );
  }
  const sums = Array.from({ length: count }, () => ({ images: 0, annotated: 0 }));
  const assigned = new Array<number>(groups.length);
  const order = [...shuffled(groups.length, seed, 0)].sort((a, b) =>
    groups[b]!.images - groups[a]!.images || groups[b]!.annotated - groups[a]!.annotated
  );
  for (const group of order) {
    const { images, annotated } = groups[group]!;
    let best = 0;
    for (let fold = 1; fold < count; fold++) {
      const [one, other] = [sums[fold]!, sums[best]!];
      if ((one.images - other.images || one.annotated - other.annotated) < 0) best = fold;
    }
    sums[best]!.images += images;
    sums[best]!.annotated += annotated;
    assigned[group] = best;
  }
  return assigned;
}
