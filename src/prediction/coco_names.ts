/**
 * What images are called in a COCO file of predictions, and the ids of an annotation file.
 *
 * @module
 */
import { basename, join, resolve, sep } from "node:path";
import type { CocoDataset, CocoId } from "../coco/coco.ts";
import type { CocoIds } from "./coco_ids.ts";

/**
 * The file names of images: their names with the folders in which they were found below the given one. If some are the
 * same, all have their paths below the innermost folder that holds them all.
 */
export function cocoFileNames(files: readonly string[], subfolders: readonly string[] = []): string[] {
  const posix = (path: string) => path.split(sep).join("/");
  const names = files.map((file, index) => posix(join(subfolders[index] ?? "", basename(file))));
  if (new Set(names).size === names.length) return names;
  const paths = files.map((file) => resolve(file).split(sep));
  let shared = 0;
  while (paths.every((path) => shared < path.length - 1 && path[shared] === paths[0]![shared])) shared++;
  return paths.map((path) => path.slice(shared).join("/"));
}

/**
 * The ids of an annotation file, so that COCO's evaluation can compare the predictions with it. Images are found by
 * their file names, or by the names without folders if these are unique in it; categories by their names. A model
 * without class names has the only category that is outlined.
 *
 * @throws {RangeError} naming images or classes that it does not have
 */
export function idsOf(
  dataset: CocoDataset,
  path: string,
  fileNames: readonly string[],
  classes: readonly string[],
  named: boolean,
): CocoIds {
  const images = new Map<string, CocoId | null>();
  for (const { id, fileName } of dataset.images) {
    const bare = basename(fileName);
    if (bare !== fileName) images.set(bare, images.has(bare) ? null : id);
  }
  for (const { id, fileName } of dataset.images) images.set(fileName, id);
  const imageOf = (name: string) => images.get(name) ?? images.get(basename(name)) ?? null;
  const missing = fileNames.filter((name) => imageOf(name) === null);
  if (missing.length > 0) {
    throw refusal(
      path,
      `it has no image ${list(missing)}`,
      "leave out --coco-ids, or name the images that it lists",
    );
  }
  const used = new Set(dataset.annotations.map(({ categoryId }) => categoryId));
  const outlined = dataset.categories.filter(({ id }) => used.has(id));
  const categories = new Map(dataset.categories.map(({ id, name }) => [name, id]));
  if (!named && classes.length === 1 && outlined.length === 1) categories.set(classes[0]!, outlined[0]!.id);
  const unknown = classes.filter((name) => !categories.has(name));
  if (unknown.length > 0) {
    const known = [...categories.keys()];
    const hint = named
      ? "leave out --coco-ids"
      : "the model does not name its class: leave out --coco-ids, or train with --classes";
    throw refusal(path, `it has no category ${list(unknown)}, but ${list(known)}`, hint);
  }
  return { image: (name) => imageOf(name)!, category: (name) => categories.get(name)! };
}

function refusal(path: string, why: string, hint: string): RangeError {
  return new RangeError(`Cannot take the ids of ${JSON.stringify(path)}: ${why}\nhint: ${hint}`);
}

/** Some names, quoted. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(name)).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
