/**
 * A folder on the disk as the source of an import.
 *
 * @module
 */
import { join } from "node:path";
import { readBounded } from "../fs/bounded_read.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { ifFound } from "../fs/paths.ts";
import { requireLinkWithin } from "../fs/links.ts";
import { isLeftBehind, MAX_FILES, type SourceFile, type SourceTree } from "./source_tree.ts";

/** Folders within folders that are entered. */
const MAX_DEPTH = 32;

/** A file as its folder lists it. */
interface Found extends SourceFile {
  readonly changed: number;
}

/**
 * Lists a folder except `output`; links that leave it are refused by name, pipes and devices are left out.
 */
export async function listFolderTree(root: string, output?: string): Promise<SourceTree> {
  const real = await Deno.realPath(root);
  const hidden = output === undefined ? null : await ifFound(Deno.realPath(output));
  const found: Found[] = [];
  const visit = async (folder: string, depth: number) => {
    for await (const { name, isSymlink } of Deno.readDir(join(root, folder))) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (isLeftBehind(name)) continue;
      const full = join(root, path);
      if (isSymlink) await requireLinkWithin(real, full);
      const info = await Deno.stat(full).catch(() => null); // a link that leads nowhere
      if (info?.isDirectory && hidden !== null && await Deno.realPath(full) === hidden) continue;
      if (info?.isDirectory && depth < MAX_DEPTH) await visit(path, depth + 1);
      else if (info?.isFile) {
        found.push({ path, byteLength: info.size, changed: info.mtime?.getTime() ?? 0 });
        if (found.length > MAX_FILES) {
          throw new RangeError(`Cannot import ${JSON.stringify(root)}: it has more than ${MAX_FILES} files`);
        }
      }
    }
  };
  await visit("", 0);
  found.sort((a, b) => a.path < b.path ? -1 : 1);
  const sizes = new Map(found.map(({ path, byteLength }) => [path, byteLength]));
  const stamp = JSON.stringify([
    real,
    found.map(({ path, byteLength, changed }) => [path, byteLength, changed]),
  ]);
  return {
    name: root,
    files: found.map(({ path, byteLength }) => ({ path, byteLength })),
    stamp: hashBytes(new TextEncoder().encode(stamp)),
    read: (path, maxBytes) => readBounded(join(root, path), maxBytes),
    diskPath: (path) => sizes.has(path) ? join(root, path) : null,
    [Symbol.dispose]: () => {},
  };
}
