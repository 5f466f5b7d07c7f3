/**
 * What exists under a path, and its removal.
 *
 * @module
 */

import { readBoundedText } from "./bounded_read.ts";
import { isAbsolute, relative, resolve, sep } from "node:path";

/** The result of an operation on a path; null if the path does not exist. Other errors pass. */
export async function ifFound<T>(operation: Promise<T>): Promise<T | null> {
  try {
    return await operation;
  } catch (error) {
    // A path that leads through a file does not exist either.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}

/** Whether the name is taken: by a file, a folder, or a broken link. */
export async function isTaken(path: string): Promise<boolean> {
  return await ifFound(Deno.lstat(path)) !== null;
}

/** Removes a file or an empty folder, if it exists. */
export async function removeFile(path: string): Promise<void> {
  await ifFound(Deno.remove(path));
}

/** Removes a file, or a folder with all its content, if it exists. */
export async function removeTree(path: string): Promise<void> {
  await ifFound(Deno.remove(path, { recursive: true }));
}

/** The entries of a folder; none if it does not exist. */
export async function listFolder(path: string): Promise<Deno.DirEntry[]> {
  return await ifFound(Array.fromAsync(Deno.readDir(path))) ?? [];
}

/** The value of a JSON file; null if the file does not exist or holds no JSON. */
export async function readJson(path: string): Promise<unknown> {
  const text = await ifFound(readBoundedText(path, 2 ** 24));
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * A path relative to the working folder, as a run may keep it; null if it lies elsewhere. A link within the project
 * stays what its user called it.
 */
export function withinProject(path: string): string | null {
  const inner = relative(".", resolve(path));
  const outside = inner === ".." || inner.startsWith(`..${sep}`) || isAbsolute(inner);
  return outside ? null : inner.replaceAll(sep, "/") || ".";
}
