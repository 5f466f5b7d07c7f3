/**
 * The split that a file's path names: `instances_train2017.json`, `images/val/a.png`.
 *
 * @module
 */
import type { SplitName } from "../dataset/roles.ts";
import { stemOf } from "./file_index.ts";
import { splitOfName } from "./masks/tokens.ts";
import { folderOf } from "./source_tree.ts";

/** The split that the nearest folder of a path names; null if none does. */
export function splitOfFolders(path: string): SplitName | null {
  return folderOf(path).split("/").map(splitOfName).findLast((split) => split !== null) ?? null;
}

/** The split that a file's own name, else one of its folders names. */
export function splitOfPath(path: string): SplitName | null {
  return splitOfName(stemOf(path)) ?? splitOfFolders(path);
}
