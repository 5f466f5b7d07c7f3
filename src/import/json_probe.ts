/**
 * What the JSON files of a source are, by their beginnings: most of a large one is never read.
 *
 * @module
 */
import { readChunks } from "../coco/coco_file.ts";
import { EntryScanner } from "../coco/json_entries.ts";
import type { SourceTree } from "./source_tree.ts";

/** The largest JSON file that is read. */
export const MAX_JSON_BYTES = 2 ** 30;

/** What a JSON file is. */
export type JsonKind = "coco" | "labelme" | "other";

/** Ends a scan. */
class Known extends Error {
  readonly kind: JsonKind;

  constructor(kind: JsonKind) {
    super(kind);
    this.kind = kind;
  }
}

/** The JSON files of a source of one kind, sorted by path; `within` is a file or folder that they must be or lie in. */
export async function jsonFilesOf(tree: SourceTree, kind: JsonKind, within?: string): Promise<string[]> {
  const found: string[] = [];
  for (const { path, byteLength } of tree.files) {
    if (!/\.json$/i.test(path) || byteLength > MAX_JSON_BYTES || !isWithin(path, within)) continue;
    if (await jsonKindOf(tree, path) === kind) found.push(path);
  }
  return found;
}

/** Whether a path is a file or lies in a folder; all do if it is not said. */
export function isWithin(path: string, within: string | undefined): boolean {
  const folder = within?.replaceAll("\\", "/").replace(/^\.\/+|\/+$/g, "");
  return folder === undefined || folder === "" || folder === "." || path === folder ||
    path.startsWith(`${folder}/`);
}

const KINDS = new WeakMap<SourceTree, Map<string, JsonKind>>();

/** What a JSON file is; read once per source. */
async function jsonKindOf(tree: SourceTree, path: string): Promise<JsonKind> {
  let kinds = KINDS.get(tree);
  if (kinds === undefined) KINDS.set(tree, kinds = new Map());
  let kind = kinds.get(path);
  if (kind === undefined) kinds.set(path, kind = await probe(tree, path));
  return kind;
}

async function probe(tree: SourceTree, path: string): Promise<JsonKind> {
  const scanner = new EntryScanner({
    list: (key) => {
      if (key === "shapes") throw new Known("labelme");
    },
    entry: (key, text) => {
      if (key === "images") throw new Known(isImageEntry(text) ? "coco" : "other");
    },
    value: () => {},
  });
  const disk = tree.diskPath(path);
  try {
    if (disk === null) scanner.push(await tree.read(path, MAX_JSON_BYTES));
    else for await (const chunk of readChunks(disk)) scanner.push(chunk);
  } catch (error) {
    if (error instanceof Known) return error.kind;
    if (error instanceof Deno.errors.NotCapable) throw error;
    // Not an object in JSON: some other file, which is none of an importer's business.
  }
  return "other";
}

function isImageEntry(text: Uint8Array): boolean {
  const entry: unknown = JSON.parse(new TextDecoder().decode(text));
  return typeof entry === "object" && entry !== null && "file_name" in entry;
}
