/**
 * Folders that appear whole or not at all.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { writeFailure } from "./atomic_file.ts";

/**
 * Makes the folder `path`: `fill` gets an empty folder beside it, hidden, which takes the name when it is complete.
 * What was there goes only when its successor is in place. On failure the hidden folder is removed and `path` is as
 * it was; a run that is killed may leave the hidden folder behind.
 */
export async function writeFolderAtomic(
  path: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = join(dirname(path), `.${basename(path)}.${crypto.randomUUID().slice(0, 8)}.tmp`);
  try {
    await Deno.mkdir(folder, { recursive: true });
    await fill(folder);
    await replaceFolder(folder, path);
  } catch (error) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    throw writeFailure(path, error);
  }
}

/** Whether anything has this name: a file, a folder, or a link that leads nowhere. */
export async function isTaken(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function replaceFolder(from: string, to: string): Promise<void> {
  if (!(await isTaken(to))) return await Deno.rename(from, to);
  const old = `${from}.old`;
  await Deno.rename(to, old);
  try {
    await Deno.rename(from, to);
  } catch (error) {
    await Deno.rename(old, to);
    throw error;
  }
  await Deno.remove(old, { recursive: true });
}
