/**
 * Finds the splits of a dataset.
 *
 * @module
 */
import { join, sep } from "node:path";
import { isImageName } from "../image/formats.ts";
import { Folder } from "./folder.ts";
import { describeInstead } from "./found_instead.ts";
import { roleOf, SPLIT_NAMES, type SplitRole } from "./roles.ts";
import type { Split } from "./dataset_source.ts";
import { SOURCES } from "./source_registry.ts";

export type { SplitRole } from "./roles.ts";
export type { Split } from "./dataset_source.ts";

const ROLE_ORDER: readonly SplitRole[] = [...SPLIT_NAMES, "other"];

/**
 * Finds the splits in `path`, or one folder deeper if `path` holds a single dataset folder, as unpacked archives often
 * do. Sorted: train, valid, test, then other folders of images, by name.
 *
 * Throws an Error with a hint if there is no dataset or more than one, and if two folders are the same split.
 */
export async function findSplits(path: string): Promise<Split[]> {
  const folder = await Folder.read(path);
  let splits = await splitsIn(folder);
  if (!splits.some(isAnnotated)) splits = await splitsInNested(folder);
  if (splits.length === 0) throw await notFound(folder);
  for (const role of SPLIT_NAMES) {
    const same = splits.filter((split) => split.role === role).map((split) => JSON.stringify(split.name));
    if (same.length > 1) {
      throw new Error(`Cannot tell which folder is the ${role} split: ${same.join(" or ")}`);
    }
  }
  return splits;
}

/** The annotated split of this role; throws an Error that lists the existing ones. */
export function splitOf(splits: readonly Split[], role: SplitRole): Split {
  const split = splits.find((split) => split.role === role && isAnnotated(split));
  if (split === undefined) {
    const names = splits.map((split) => JSON.stringify(split.name)).join(", ");
    throw new Error(`Cannot find the ${role} split: the dataset has ${names}`);
  }
  return split;
}

/** The names of the image files in a split's folder, sorted; not recursive. */
export async function listImageFiles({ folder, root }: Pick<Split, "folder" | "root">): Promise<string[]> {
  return (await Folder.read(folder, root)).files.filter(isImageName);
}

function isAnnotated(split: Split): boolean {
  return split.annotationFile !== null;
}

/** The splits of the first source that recognizes the folder, and the other folders of images. */
async function splitsIn(folder: Folder): Promise<Split[]> {
  let annotated: readonly Split[] = [];
  for (const source of SOURCES) {
    annotated = await source.detect(folder);
    if (annotated.length > 0) break;
  }
  const { root } = folder;
  const splits = annotated.map((split): Split => ({ ...split, root }));
  for (const name of folder.folders) {
    const inner = await folder.child(name);
    const isPart = annotated.some(({ folder, annotationFile }) =>
      [folder, annotationFile!].some((path) => path === inner.path || path.startsWith(inner.path + sep))
    );
    if (isPart || !inner.files.some(isImageName)) continue;
    splits.push({ name, role: roleOf(name), folder: inner.path, annotationFile: null, source: null, root });
  }
  return splits.sort((a, b) =>
    ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role) || (a.name < b.name ? -1 : 1)
  );
}

/** The splits of the only dataset among the folders in `folder`; none if there is no dataset. */
async function splitsInNested(folder: Folder): Promise<Split[]> {
  const datasets: { path: string; splits: Split[] }[] = [];
  for (const name of folder.folders) {
    const inner = await folder.child(name);
    const splits = await splitsIn(inner);
    if (splits.some(isAnnotated)) datasets.push({ path: inner.path, splits });
  }
  if (datasets.length > 1) {
    const paths = datasets.map(({ path }) => JSON.stringify(path)).join(" and ");
    throw new Error(
      `Cannot choose a dataset in ${
        JSON.stringify(folder.path)
      }: it contains ${paths}\nhint: name one of them`,
    );
  }
  return datasets[0]?.splits ?? [];
}

async function notFound(folder: Folder): Promise<Error> {
  const path = JSON.stringify(folder.path);
  if (SOURCES.some((source) => source.isSplit(folder))) {
    const parent = JSON.stringify(join(folder.path, ".."));
    return new Error(
      `Cannot find a dataset in ${path}: it is a single split, with the images in it\n` +
        `hint: name the folder above: ${parent}`,
    );
  }
  const layouts = SOURCES.map(({ layout }) => `no ${layout}`).join(", ");
  return new Error(`Cannot find a dataset in ${path}: ${layouts}; ${await describeInstead(folder.path)}`);
}
