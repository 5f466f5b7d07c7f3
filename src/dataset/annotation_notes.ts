/**
 * What a reader of a split must know about its annotations, in lines.
 *
 * @module
 */
import { categoryName, isBackgroundName, isIgnoreName, showNames } from "./class_names.ts";
import type { ClassTable } from "./classes.ts";
import type { Unannotated } from "./samples.ts";
import type { Category, ListedImage, SplitListing } from "./dataset_source.ts";

/** Lines for the user on `images`, those of the listing that are read; none if there is nothing to tell. */
export function annotationNotes(
  listing: SplitListing,
  images: readonly ListedImage[],
  { unannotated, classes }: { unannotated: Unannotated; classes: ClassTable },
): string[] {
  const notes: string[] = [];
  const partly = images.filter(({ partlyAnnotated }) => partlyAnnotated).length;
  if (partly > 0) {
    notes.push(`${countImages(partly)} annotated only in part: what cannot be drawn counts as background`);
  }
  const unusable = countOf(images, "unusable");
  if (unusable > 0) notes.push(`${countImages(unusable)} left out, with annotations that cannot be used`);
  const uncertain = countOf(images, "uncertain");
  if (uncertain > 0 && unannotated === "skip") {
    notes.push(`${countImages(uncertain)} without annotations left out: ${listing.uncertainty}`);
  }
  const outlined = outlinedCategories(listing, images).map(categoryName);
  const merged = outlined.filter((name) => !isIgnoreName(name) && !isBackgroundName(name));
  if (classes.isPlain && merged.length > 1) {
    notes.push(`${merged.length} categories (${showNames(merged)}) are merged into one foreground class`);
  }
  return notes;
}

/** The categories of the annotations of these images. */
export function outlinedCategories(
  listing: Pick<SplitListing, "categories">,
  images: readonly ListedImage[],
): Category[] {
  const annotated = images.filter(({ state }) => state === "annotated");
  const used = new Set(annotated.flatMap(({ categoryIds }) => categoryIds));
  return listing.categories.filter(({ id }) => used.has(id));
}

/** How many of the images are in this state. */
export function countOf(images: readonly ListedImage[], state: ListedImage["state"]): number {
  return images.filter((image) => image.state === state).length;
}

function countImages(count: number): string {
  return count === 1 ? "1 image" : `${count} images`;
}
