/**
 * Unique file names for the images of several splits.
 *
 * @module
 */
import { sourceStem } from "../dataset/near_duplicates.ts";

/** An image's split and its path within the split's folder, with `/`. */
export interface NamedImage {
  /** The folder name of the split. */
  readonly split: string;
  /** The path within it. */
  readonly fileName: string;
}

/**
 * A name for each image: its own, or, if another split has an image of the same name (ignoring case), prefixed with
 * the name of its split: `train_1.png`. New names neither join nor separate images of the same source.
 */
export function uniqueNames(images: readonly NamedImage[]): string[] {
  const splitsOf = new Map<string, Set<string>>();
  // New source stem to the old one: `inspect` takes images with equal stems for near-duplicates.
  const stems = new Map<string, string>();
  for (const { split, fileName } of images) {
    const key = fileName.toLowerCase();
    splitsOf.set(key, (splitsOf.get(key) ?? new Set()).add(split));
    const stem = sourceStem(fileName);
    if (stem !== null) stems.set(stem, stem);
  }
  const taken = new Set(splitsOf.keys());
  return images.map(({ split, fileName }) => {
    if (splitsOf.get(fileName.toLowerCase())!.size === 1) return fileName;
    const oldStem = sourceStem(fileName);
    let name = fileName;
    for (;;) {
      name = name.replace(/[^/]+$/, (base) => `${split}_${base}`);
      const stem = sourceStem(name);
      if (taken.has(name.toLowerCase()) || stem !== null && (stems.get(stem) ?? oldStem) !== oldStem) {
        continue;
      }
      taken.add(name.toLowerCase());
      if (stem !== null && oldStem !== null) stems.set(stem, oldStem);
      return name;
    }
  });
}
