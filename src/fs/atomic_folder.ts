/**
 * Folders that appear whole or not at all.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { writeFailure } from "./atomic_file.ts";
import { isTaken, removeTree } from "./paths.ts";
import { TemporaryName } from "./temporary_name.ts";

/**
 * Makes the folder `path`: `fill` gets an empty folder beside it, hidden, which takes the name when it is complete.
 * What was there goes only when its successor is in place. On failure the hidden folder is removed and `path` is as
 * it was; what a killed run leaves, the next run to the same `path` removes.
 */
export async function writeFolderAtomic(
  path: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const hidden = join(dirname(path), `.${basename(path)}`);
  try {
    await using name = await TemporaryName.claim(hidden, (folder) => clear(folder, path));
    await Deno.mkdir(name.path);
    await fill(name.path);
    if (await isTaken(path)) await Deno.rename(path, oldPath(name.path));
    await Deno.rename(name.path, path);
  } catch (error) {
    throw writeFailure(path, error);
  }
}

/** Where what was there waits until its successor is in place. */
function oldPath(folder: string): string {
  return `${folder}.old`;
}

/** Removes a hidden folder and what waited for its successor, unless that never came: then it gets its name back. */
async function clear(folder: string, path: string): Promise<void> {
  const old = oldPath(folder);
  if (await isTaken(old) && !(await isTaken(path))) await Deno.rename(old, path);
  await removeTree(folder);
  await removeTree(old);
}
