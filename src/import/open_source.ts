/**
 * Opens what a user wants to import.
 *
 * @module
 */
import { ifFound } from "../fs/paths.ts";
import { listFolderTree } from "./folder_tree.ts";
import type { SourceTree } from "./source_tree.ts";
import { isZip, listZipTree } from "./zip_tree.ts";

/**
 * Opens a folder or a zip; `output` may lie in the folder and is no part of the source, `names` is
 * the encoding of a zip's names that state none.
 *
 * @throws {Error} with a hint if it does not exist or is neither.
 */
export async function openSource(
  path: string,
  { output, names }: { output?: string; names?: string | undefined } = {},
): Promise<SourceTree> {
  const shown = JSON.stringify(path);
  const info = await ifFound(Deno.stat(path));
  if (info === null) {
    throw new Error(`Cannot import ${shown}: there is no such file or folder\nhint: check the path`);
  }
  if (info.isDirectory) return await listFolderTree(path, output);
  if (info.isFile && await isZip(path)) return await listZipTree(path, names);
  throw new Error(
    `Cannot import ${shown}: it is neither a folder nor a zip\n` +
      "hint: unpack other archives first, and name the folder that holds images and annotations",
  );
}
