/**
 * Where a dataset's parts lie: `train`, `valid` (or `val`) and `test`, each a folder of images with its
 * annotation file.
 *
 * @module
 */
import { join } from "node:path";
import { isImageName } from "../image/formats.ts";

/** The name of the annotation file in each split's folder. */
export const ANNOTATION_FILE = "_annotations.coco.json";

/** What a split is for; `other` is read by nobody but `inspect`. */
export type SplitRole = "train" | "valid" | "test" | "other";

/** A folder of images. */
export interface Split {
  /** The folder's own name. */
  readonly name: string;
  /** What it is for. */
  readonly role: SplitRole;
  /** Path of the folder. */
  readonly folder: string;
  /** Path of its annotation file, or null where it has none. */
  readonly annotationFile: string | null;
}

const ROLES: { readonly [name: string]: SplitRole } = {
  train: "train",
  training: "train",
  valid: "valid",
  val: "valid",
  validation: "valid",
  test: "test",
  testing: "test",
};

const ORDER: readonly SplitRole[] = ["train", "valid", "test", "other"];

/**
 * Finds the splits in `folder`, or one folder deeper where `folder` holds a single dataset folder, as unpacked
 * archives often do. Sorted: train, valid, test, then other folders of images by name.
 *
 * Throws an Error with the way out where there is no dataset, and where two folders claim to be the same split.
 */
export async function findSplits(folder: string): Promise<Split[]> {
  const entries = await listFolder(folder);
  let splits = await splitsIn(folder, entries);
  if (!splits.some(isAnnotated)) {
    const nested: Split[][] = [];
    for (const entry of entries.filter((entry) => entry.isDirectory)) {
      const inner = join(folder, entry.name);
      const found = await splitsIn(inner, await listFolder(inner));
      if (found.some(isAnnotated)) nested.push(found);
    }
    if (nested.length > 1) {
      const names = nested.map((found) => JSON.stringify(join(found[0]!.folder, ".."))).join(" and ");
      throw new Error(
        `Cannot choose a dataset in ${JSON.stringify(folder)}: there are ${names}\nhint: name one of them`,
      );
    }
    splits = nested[0] ?? [];
  }
  if (splits.length === 0 && entries.some((entry) => entry.name === ANNOTATION_FILE)) {
    throw new Error(
      `Cannot find a dataset in ${JSON.stringify(folder)}: it is a single split, with the images in it\n` +
        `hint: name the folder above: ${JSON.stringify(join(folder, ".."))}`,
    );
  }
  if (splits.length === 0) {
    throw new Error(
      `Cannot find a dataset in ${JSON.stringify(folder)}: no folder with ${ANNOTATION_FILE}\n` +
        "hint: `deno task download` and `deno task unzip` bring one, `deno task phantom` makes one",
    );
  }
  for (const role of ["train", "valid", "test"] as const) {
    const same = splits.filter((split) => split.role === role).map((split) => JSON.stringify(split.name));
    if (same.length > 1) {
      throw new Error(`Cannot tell which folder is the ${role} split: ${same.join(" or ")}`);
    }
  }
  return splits;
}

/** The split of this role; throws an Error that says which there are. */
export function splitOf(splits: readonly Split[], role: SplitRole): Split {
  const split = splits.find((split) => split.role === role && isAnnotated(split));
  if (split === undefined) {
    const names = splits.map((split) => JSON.stringify(split.name)).join(", ");
    throw new Error(`Cannot find the ${role} split: the dataset has ${names}`);
  }
  return split;
}

/** The names of the image files in a folder, sorted; folders within are not entered. */
export async function listImageFiles(folder: string): Promise<string[]> {
  const entries = await listFolder(folder);
  return entries.filter((entry) => !entry.isDirectory && isImageName(entry.name)).map((entry) => entry.name);
}

function isAnnotated(split: Split): boolean {
  return split.annotationFile !== null;
}

interface Entry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** What stands in a folder, sorted by name, links followed, hidden entries left out. */
async function listFolder(folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
      if (name.startsWith(".")) continue;
      const target = isSymlink ? await Deno.stat(join(folder, name)).catch(() => null) : { isDirectory };
      if (target !== null) entries.push({ name, isDirectory: target.isDirectory });
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      throw new Error(
        `Cannot find the dataset: ${JSON.stringify(folder)} is no folder\n` +
          "hint: `deno task download` and `deno task unzip` bring one, `deno task phantom` makes one",
      );
    }
    throw error;
  }
  return entries.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

async function splitsIn(folder: string, entries: readonly Entry[]): Promise<Split[]> {
  const splits: Split[] = [];
  for (const { name } of entries.filter((entry) => entry.isDirectory)) {
    const path = join(folder, name);
    const inner = await listFolder(path);
    const annotated = inner.some((entry) => entry.name === ANNOTATION_FILE && !entry.isDirectory);
    if (!annotated && !inner.some((entry) => !entry.isDirectory && isImageName(entry.name))) continue;
    splits.push({
      name,
      role: ROLES[name.toLowerCase()] ?? "other",
      folder: path,
      annotationFile: annotated ? join(path, ANNOTATION_FILE) : null,
    });
  }
  return splits.sort((a, b) => ORDER.indexOf(a.role) - ORDER.indexOf(b.role));
}
