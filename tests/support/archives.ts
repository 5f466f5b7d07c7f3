/**
 * Archives for tests: made with fflate, and then edited where a correct writer would refuse.
 *
 * @module
 */
import { type AsyncZippable, type Zippable, zipSync } from "fflate";
import { join } from "node:path";

/** Path to content; a folder ends with a slash and maps to null. */
export type Tree = Record<string, Uint8Array | string | null>;

const DATE = new Date(2020, 0, 1);
const encoder = new TextEncoder();

/** A zip of `tree`; `level` 0 stores, 6 deflates. */
export function makeZip(tree: Tree, level: 0 | 6 = 6): Uint8Array<ArrayBuffer> {
  const files: Zippable & AsyncZippable = {};
  for (const [name, content] of Object.entries(tree)) files[name] = contentBytes(content);
  return new Uint8Array(zipSync(files, { level, mtime: DATE }));
}

/** A zip of one file whose Unix mode is `mode`. */
export function makeZipOfMode(name: string, content: string, mode: number): Uint8Array<ArrayBuffer> {
  const attrs = (mode << 16) >>> 0;
  return new Uint8Array(zipSync({ [name]: [encoder.encode(content), { os: 3, attrs, mtime: DATE }] }));
}

/** The bytes of an entry of a {@linkcode Tree}. */
export function contentBytes(content: Uint8Array | string | null): Uint8Array {
  return typeof content === "string" ? encoder.encode(content) : content ?? new Uint8Array(0);
}

/** The records of a zip that an edit changes. */
export type RecordKind = "local" | "central" | "end";

const SIGNATURES: Record<RecordKind, number> = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 };

/** A copy of `zip` in which `edit` was applied to every record of `kind`, from its signature on. */
export function editRecords(
  zip: Uint8Array,
  kind: RecordKind,
  edit: (record: DataView, index: number) => void,
): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(zip);
  const view = new DataView(copy.buffer);
  let index = 0;
  for (let at = 0; at + 4 <= copy.length; at++) {
    if (view.getUint32(at, true) === SIGNATURES[kind]) edit(new DataView(copy.buffer, at), index++);
  }
  return copy;
}

/** A copy of `zip` with every occurrence of the text `from` replaced by `to`, which has the same length. */
export function replaceText(zip: Uint8Array, from: string, to: string): Uint8Array<ArrayBuffer> {
  const [old, young] = [encoder.encode(from), encoder.encode(to)];
  if (old.length !== young.length) {
    throw new RangeError(`Cannot replace ${from} by ${to}: the lengths differ`);
  }
  const copy = new Uint8Array(zip);
  for (let at = 0; at + old.length <= copy.length; at++) {
    if (old.every((byte, i) => copy[at + i] === byte)) copy.set(young, at);
  }
  return copy;
}

/** All files and empty folders under `folder` by relative path, without the top-level names in `except`. */
export async function readTree(folder: string, except: readonly string[] = []): Promise<Tree> {
  const tree: Tree = {};
  const walk = async (path: string, prefix: string) => {
    let empty = true;
    for await (const entry of Deno.readDir(path)) {
      empty = false;
      if (prefix === "" && except.includes(entry.name)) continue;
      const inside = join(path, entry.name);
      if (entry.isDirectory) await walk(inside, `${prefix}${entry.name}/`);
      else tree[prefix + entry.name] = entry.isSymlink ? "a symbolic link" : await Deno.readFile(inside);
    }
    if (empty && prefix !== "") tree[prefix] = null;
  };
  await walk(folder, "");
  return tree;
}

/** A tree in canonical form: sorted, contents as strings of bytes, without implied folders. */
export function canonicalTree(tree: Tree): [string, string][] {
  const names = Object.keys(tree);
  return names
    .filter((name) => !name.endsWith("/") || !names.some((other) => other !== name && other.startsWith(name)))
    .map((name): [string, string] => [name, contentBytes(tree[name] ?? null).join(",")])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
