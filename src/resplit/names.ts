/**
 * File names that stay apart when the images of several splits come together.
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
 * A name for each image: its own, or, where another split has one of the same name (by case or not), that with the
 * split's name before it: `train_1.png`. No new name makes two images out of one source or the other way round.
 */
export function uniqueNames(images: readonly NamedImage[]): string[] {
  const splitsOf = new Map<string, Set<string>>();
  // The new name before Roboflow to the old one: `inspect` calls images of one such name one image.
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
