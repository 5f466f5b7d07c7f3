/**
 * The files below a folder.
 *
 * @module
 */
import { join } from "node:path";

/** Folders below it that are entered, and files that are listed: enough to find what is near. */
const MAX_DEPTH = 4;
const MAX_FILES = 100_000;

/**
 * The paths of the files in a folder and its folders, sorted in each. Hidden entries are omitted, links are not followed,
 * and folders that cannot be read are skipped.
 */
export async function listTree(folder: string): Promise<string[]> {
  const paths: string[] = [];
  const visit = async (path: string, depth: number) => {
    const entries = await Array.fromAsync(Deno.readDir(path)).catch(() => []);
    entries.sort((a, b) => a.name < b.name ? -1 : 1);
    for (const { name, isFile, isDirectory } of entries) {
      if (name.startsWith(".") || paths.length >= MAX_FILES) continue;
      if (isFile) paths.push(join(path, name));
      else if (isDirectory && depth < MAX_DEPTH) await visit(join(path, name), depth + 1);
    }
  };
  await visit(folder, 0);
  return paths;
}
