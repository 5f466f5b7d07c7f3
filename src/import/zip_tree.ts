/**
 * A zip as the source of an import: its entries are read in any order, none is unpacked to the disk.
 *
 * @module
 */
import { type ZipEntry, ZipFile } from "../archive/zip_file.ts";
import { startsLikeZip, ZIP_START_LENGTH } from "../archive/zip_signature.ts";
import { openRegular } from "../fs/bounded_read.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { isLeftBehind, MAX_FILES, type SourceTree } from "./source_tree.ts";

/** Nothing is unpacked to the disk, and {@linkcode SourceTree.read} has its own limit: only the list is bounded. */
const LIMITS = { maxBytes: Infinity, maxEntries: MAX_FILES, maxRatio: Infinity };

/** Whether a file is a zip by its name or its first bytes. */
export async function isZip(path: string): Promise<boolean> {
  if (/\.zip$/i.test(path)) return true;
  using file = await openRegular(path);
  const head = new Uint8Array(ZIP_START_LENGTH);
  const count = await file.read(head);
  return count === ZIP_START_LENGTH && startsLikeZip(head);
}

/** Opens a zip and checks its whole directory, as `unzip` does; `names` is the encoding of names that state none. */
export async function listZipTree(path: string, names?: string): Promise<SourceTree> {
  const archive = await ZipFile.open(path, names);
  try {
    await archive.inspect(LIMITS);
    const entries = new Map<string, ZipEntry>();
    for await (const entry of archive.entries()) {
      const name = entry.parts.join("/");
      if (!entry.folder && !isLeftBehind(name)) entries.set(name, entry);
    }
    const { mtime } = await Deno.stat(path);
    const stamp = JSON.stringify([await Deno.realPath(path), archive.byteLength, mtime?.getTime() ?? 0]);
    return {
      name: path,
      files: [...entries].map(([path, { byteLength }]) => ({ path, byteLength }))
        .sort((a, b) => a.path < b.path ? -1 : 1),
      stamp: hashBytes(new TextEncoder().encode(stamp)),
      read: (name, maxBytes) => unpack(path, name, entries.get(name), maxBytes),
      diskPath: () => null,
      [Symbol.dispose]: () => archive[Symbol.dispose](),
    };
  } catch (error) {
    archive[Symbol.dispose]();
    throw error;
  }
}

async function unpack(
  zip: string,
  name: string,
  entry: ZipEntry | undefined,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const shown = JSON.stringify(name);
  if (entry === undefined) {
    throw new Deno.errors.NotFound(`Cannot read ${shown} of ${zip}: it has no such file`);
  }
  if (entry.byteLength > maxBytes) {
    throw new RangeError(`Cannot read ${shown} of ${zip}: ${entry.byteLength} bytes, at most ${maxBytes}`);
  }
  const bytes = new Uint8Array(entry.byteLength);
  let length = 0;
  // More bytes than the directory states end the reading there.
  await entry.content((chunk) => {
    bytes.set(chunk, length);
    length += chunk.length;
    return Promise.resolve();
  });
  return bytes.subarray(0, length);
}
