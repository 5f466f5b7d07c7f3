/**
 * Folders that appear whole or not at all.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { isTaken, removeTree } from "./paths.ts";
import { TemporaryName } from "./temporary_name.ts";
import { writeFailure } from "./write_failure.ts";

/** How {@linkcode writeFolderAtomic} writes. */
export interface FolderOptions {
  /** Whether the hidden folder lies in another one of a known name, `.NAME`: a permission can name that. */
  readonly apart?: boolean;
}

/**
 * Makes the folder `path`: `fill` gets an empty hidden folder next to it, which takes the name when it is complete.
 * An existing folder is removed only when its successor is in place. On failure the hidden folder is removed and
 * `path` is unchanged; what a killed run leaves, the next run to the same `path` removes.
 */
export async function writeFolderAtomic(
  path: string,
  fill: (folder: string) => Promise<void>,
  { apart = false }: FolderOptions = {},
): Promise<void> {
  const outer = join(dirname(path), `.${basename(path)}`);
  const hidden = apart ? join(outer, "new") : outer;
  try {
    await using name = await TemporaryName.claim(hidden, (folder) => clear(folder, path));
    await Deno.mkdir(name.path);
    await fill(name.path);
    if (await isTaken(path)) await Deno.rename(path, oldPath(name.path));
    await Deno.rename(name.path, path);
  } catch (error) {
    throw writeFailure(path, error);
  } finally {
    // Not if another run works there.
    if (apart) await Deno.remove(outer).catch(() => {});
  }
}

/** Where the old folder waits until its successor is in place. */
function oldPath(folder: string): string {
  return `${folder}.old`;
}

/** Removes a hidden folder and the old one that waited for it; if the successor never came, restores the old one. */
async function clear(folder: string, path: string): Promise<void> {
  const old = oldPath(folder);
  if (await isTaken(old) && !(await isTaken(path))) await Deno.rename(old, path);
  await removeTree(folder);
  await removeTree(old);
}
