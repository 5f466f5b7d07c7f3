/**
 * The images of a fold: those of the training and the validation split together, without the ones held out.
 *
 * @module
 */
import type { OpenSplit } from "../../dataset/class_overlaps.ts";

/** A fold of a cross-validation. */
export interface FoldChoice {
  /** Its number, from 0. */
  readonly fold: number;
  /** In which fold an image is held out, by the name of its split and its path there; null if it takes no part. */
  readonly foldOf: (split: string, fileName: string) => number | null;
}

/** The same splits with the images that a fold trains on, and with those that it is validated with. */
export function foldSplits(
  splits: readonly OpenSplit[],
  { fold, foldOf }: FoldChoice,
): Readonly<Record<"train" | "valid", OpenSplit[]>> {
  const select = (isHeldOut: boolean) =>
    splits.map(({ split, listing }): OpenSplit => ({
      split,
      listing: {
        ...listing,
        images: listing.images.filter(({ fileName }) => {
          const own = foldOf(split.name, fileName);
          return own !== null && (own === fold) === isHeldOut;
        }),
      },
    }));
  return { train: select(false), valid: select(true) };
}
