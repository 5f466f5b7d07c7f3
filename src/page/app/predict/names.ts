/**
 * What results are called: as `predict` calls those of the same files.
 * This module is browser compatible.
 *
 * @module
 */

/** The names of an image's results. */
export interface ResultName {
  /** Its path in numbers and tables: as it was dropped or chosen. */
  readonly image: string;
  /** Its name in COCO files. */
  readonly fileName: string;
  /** The name of its files, without ending; with the folders below the one that was dropped. */
  readonly stem: string;
}

/** Names for images by their paths, which have slashes and need not be unique; no two get the same. */
export function resultNames(paths: readonly string[]): ResultName[] {
  const images = paths.map((path) => clean(path).join("/"));
  const inner = images.map((image) => image.split("/").slice(image.includes("/") ? 1 : 0).join("/"));
  // As for `predict`: if some would be the same, all have their whole paths.
  const fileNames = unique(new Set(inner).size === inner.length ? inner : images);
  // `summary.csv` and the COCO files lie next to them.
  const stems = unique(inner.map(stemOf), ["failures", "predictions", "predictions_results"]);
  return images.map((image, index) => ({ image, fileName: fileNames[index]!, stem: stems[index]! }));
}

/** The parts of a path, without those that would lead out of a folder. */
function clean(path: string): string[] {
  const parts = path.split(/[\\/]/).filter((part) => part !== "" && part !== "." && part !== "..");
  return parts.length === 0 ? ["image"] : parts;
}

/** A path without the ending of its name. */
function stemOf(path: string): string {
  const [ending] = /\.[^./]*$/.exec(path.replace(/^.*\//, "").slice(1)) ?? [""];
  return path.slice(0, path.length - ending.length);
}

/** Names of which all but the first that is the same get a number; some disks do not tell `A` from `a`. */
function unique(names: readonly string[], reserved: readonly string[] = []): string[] {
  const taken = new Set([...reserved, ...names].map((name) => name.toLowerCase()));
  const first = new Set<string>(reserved);
  return names.map((name) => {
    if (!first.has(name.toLowerCase())) {
      first.add(name.toLowerCase());
      return name;
    }
    const ending = name.slice(stemOf(name).length);
    for (let number = 2;; number++) {
      const next = `${stemOf(name)}-${number}${ending}`;
      if (taken.has(next.toLowerCase())) continue;
      taken.add(next.toLowerCase());
      return next;
    }
  });
}
