/**
 * Groups of images that must not be parted: every two that seem to be one, and all that such pairs chain together.
 *
 * @module
 */
import { type Fingerprint, pairAlike, sourceStem } from "../dataset/near_duplicates.ts";

/** Images that must share a split. */
export interface ImageGroup {
  /** Their places among the prints, ascending. */
  readonly places: readonly number[];
  /** How many pairs of them seem to be one; the others hang together by way of these. */
  readonly pairs: number;
}

/**
 * The connected components of the relation that {@linkcode findLeaks} finds, over all images, whatever their split;
 * an image like no other is a group of its own. In the order of their first images.
 */
export function groupAlike(prints: readonly Fingerprint[]): ImageGroup[] {
  const roots = Uint32Array.from(prints.keys());
  const rootOf = (place: number) => {
    while (roots[place] !== place) {
      roots[place] = roots[roots[place]!]!;
      place = roots[place]!;
    }
    return place;
  };
  const pairs = new Uint32Array(prints.length);
  pairAlike(prints, () => true, (i, j, reason) => {
    const [a, b] = [prints[i]!, prints[j]!];
    // A pair counts at the first of its reasons.
    const sameBytes = a.sha256 === b.sha256;
    const stem = sourceStem(a.fileName);
    const sameSource = stem !== null && stem === sourceStem(b.fileName);
    if (reason === "same bytes" || !sameBytes && (reason === "same source" || !sameSource)) pairs[i]!++;
    const [first, second] = [rootOf(i), rootOf(j)].sort((a, b) => a - b) as [number, number];
    roots[second] = first;
    return true;
  });
  return [...Map.groupBy(prints.keys(), rootOf).values()].map((places) => ({
    places,
    pairs: places.reduce((sum, place) => sum + pairs[place]!, 0),
  }));
}
