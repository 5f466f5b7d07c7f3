/**
 * Groups of images that must stay in one split: near-duplicates, and all that they connect.
 *
 * @module
 */
import { type ImageSignature, sourceStem, visitDuplicates } from "../dataset/near_duplicates.ts";

/** Images that must share a split. */
export interface ImageGroup {
  /** Their indices among the signatures, ascending. */
  readonly indices: readonly number[];
  /** How many pairs of them are near-duplicates; the others are connected through these. */
  readonly pairs: number;
}

/**
 * The connected components of the relation of {@linkcode visitDuplicates} over all images, regardless of their split;
 * an image without near-duplicates is a group of its own. Ordered by their first images.
 */
export function groupDuplicates(signatures: readonly ImageSignature[]): ImageGroup[] {
  const roots = Uint32Array.from(signatures.keys());
  const rootOf = (index: number) => {
    while (roots[index] !== index) {
      roots[index] = roots[roots[index]!]!;
      index = roots[index]!;
    }
    return index;
  };
  const pairs = new Uint32Array(signatures.length);
  visitDuplicates(signatures, () => true, (i, j, reason) => {
    const [a, b] = [signatures[i]!, signatures[j]!];
    // A pair counts at the first of its reasons.
    const sameBytes = a.sha256 === b.sha256;
    const stem = sourceStem(a.fileName);
    const sameSource = stem !== null && stem === sourceStem(b.fileName);
    if (reason === "same bytes" || !sameBytes && (reason === "same source" || !sameSource)) pairs[i]!++;
    const [first, second] = [rootOf(i), rootOf(j)].sort((a, b) => a - b) as [number, number];
    roots[second] = first;
    return true;
  });
  return [...Map.groupBy(signatures.keys(), rootOf).values()].map((indices) => ({
    indices,
    pairs: indices.reduce((sum, index) => sum + pairs[index]!, 0),
  }));
}
