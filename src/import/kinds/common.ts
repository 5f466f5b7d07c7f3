/**
 * What kinds of annotation files share.
 *
 * @module
 */
import type { Size } from "../../image/image.ts";
import { type LeftOutFiles, NothingToImport } from "../import_kind.ts";
import type { SourceTree } from "../source_tree.ts";

/** Adds a file to those that are left out for a reason. */
export function leaveOut(files: Map<string, string[]>, reason: string, path: string): void {
  const same = files.get(reason);
  if (same === undefined) files.set(reason, [path]);
  else same.push(path);
}

/** The list of {@linkcode leaveOut}. */
export function leftOutFiles(files: ReadonlyMap<string, readonly string[]>): LeftOutFiles[] {
  return [...files].map(([reason, files]) => ({ reason, files }));
}

/** The error for annotations that were made for an image of another size. */
export function sizeMismatch(annotated: Size, size: Size): RangeError {
  return new RangeError(
    `its annotations are for ${annotated.width} x ${annotated.height}, the image is ${size.width} x ${size.height}`,
  );
}

/** Whether a name means that a pixel belongs to no category. */
export function isBackgroundName(name: string): boolean {
  return /^_*back ?ground_*$/i.test(name.trim());
}

/** The error for a mask that was made for an image of another size. */
export function maskMismatch(mask: Size, size: Size): RangeError {
  return new RangeError(
    `its mask is ${mask.width} x ${mask.height}, the image is ${size.width} x ${size.height}`,
  );
}

/** The error for annotations without any of their images, as tools export them if they are not asked for images. */
export function imagesMissing(tree: SourceTree, file: string, image: string): NothingToImport {
  return new NothingToImport(
    `Cannot import ${JSON.stringify(tree.name)}: the images of ${file}, such as ${
      JSON.stringify(image)
    }, are not in it\n` +
      "hint: export the dataset with its images, or put them into the same folder, and import that",
  );
}

/** `1 image`, `2 images`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
