/**
 * The images and masks of a prepared split, for a card.
 *
 * @module
 */
import type { PreparedSplit } from "../dataset/prepared_split.ts";
import type { CardFile } from "./card_format.ts";

/** The images of a split with the hashes of files and masks; masks of corrections are not those of the dataset. */
export function cardFiles({ samples, sources }: PreparedSplit): CardFile[] {
  return sources.map(({ image, labels }, index) => {
    const { split, fileName, corrected } = samples[index]!;
    return { image, mask: corrected ? "corrected" : labels, split, fileName };
  });
}
