/**
 * The split that a file's path names: `instances_train2017.json`, `images/val/a.png`.
 *
 * @module
 */
import { roleOf, type SplitName } from "../dataset/roles.ts";
import { baseName, folderOf } from "./source_tree.ts";

/** The split of the last word of a name that names one; null if none does. */
export function splitOfName(name: string): SplitName | null {
  const roles = name.split(/[^A-Za-z]+/).map(roleOf).filter((role) => role !== "other");
  return roles.at(-1) ?? null;
}

/** The split that the nearest folder of a path names; null if none does. */
export function splitOfFolders(path: string): SplitName | null {
  return folderOf(path).split("/").map(splitOfName).findLast((split) => split !== null) ?? null;
}

/** The split that a file's own name, else one of its folders names. */
export function splitOfPath(path: string): SplitName | null {
  return splitOfName(baseName(path).replace(/\.[^.]*$/, "")) ?? splitOfFolders(path);
}
