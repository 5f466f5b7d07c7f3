/**
 * What the splits of a dataset are for, by the names of their folders.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** The name of one of the three splits. */
export type SplitName = "train" | "valid" | "test";

/** The three splits of a dataset, in the order in which they are listed. */
export const SPLIT_NAMES: readonly SplitName[] = ["train", "valid", "test"];

/** What a split is for; only `inspect` reads `other`. */
export type SplitRole = SplitName | "other";

/** The folder names of each role, in lower case. */
const FOLDER_NAMES: { readonly [role in SplitName]: readonly string[] } = {
  train: ["train", "training"],
  valid: ["valid", "val", "validation"],
  test: ["test", "testing"],
};

/** The role of a folder of this name, in any case. */
export function roleOf(folderName: string): SplitRole {
  const name = folderName.toLowerCase();
  return SPLIT_NAMES.find((role) => FOLDER_NAMES[role].includes(name)) ?? "other";
}
