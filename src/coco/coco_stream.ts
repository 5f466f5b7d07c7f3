/**
 * COCO annotations from a stream of bytes: the file is read twice, piece by piece, and neither its text nor its parsed
 * tree is ever held as a whole.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type CocoDataset, type CocoOptions, CocoReader } from "./coco.ts";
import { parseCocoEntry } from "./ids.ts";
import { EntryScanner, type EntryVisitor } from "./json_entries.ts";
import { parseJson } from "./json.ts";
import { SegmentationStore } from "./segmentation_store.ts";

/** Most entries of all lists together: more are not annotations that anybody drew. */
const MAX_ENTRIES = 20_000_000;

/** What an image entry is read for; others, such as addresses, would take most of the memory. */
const IMAGE_KEYS = ["id", "file_name", "width", "height"];

/**
 * `readCoco` of a file of `byteLength` bytes, of which `open` begins a stream; it is called twice. Throws any error for a
 * text that is not an object in JSON, without its line; reading it again as a text tells it.
 */
export async function readCocoStream(
  open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: CocoOptions & { readonly name: string; readonly byteLength: number },
): Promise<CocoDataset> {
  const root: Record<string, unknown> = Object.create(null);
  let entries = 0;
  await scan(open(), {
    list: (key) => root[key] = [],
    value: (key, text) => root[key] = parseJson(decode(text), options.name),
    entry: (key, text) => {
      if (++entries > MAX_ENTRIES) throw new RangeError(`more than ${MAX_ENTRIES} entries`);
      if (key === "annotations") return;
      const entry = parseCocoEntry(decode(text), options.name);
      if (key === "images") (root.images as unknown[]).push(pickImage(entry));
      else if (key === "categories") (root.categories as unknown[]).push(entry);
    },
  });
  const reader = new CocoReader(root, { ...options, store: new SegmentationStore() });
  await scan(open(), {
    list: () => {},
    value: () => {},
    entry: (key, text) => {
      if (key === "annotations") reader.add(parseCocoEntry(decode(text), options.name));
    },
  });
  return reader.finish();
}

async function scan(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  visitor: EntryVisitor,
): Promise<void> {
  const scanner = new EntryScanner(visitor);
  for await (const chunk of chunks) scanner.push(chunk);
  scanner.end();
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

function pickImage(entry: unknown): unknown {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return entry;
  return Object.fromEntries(Object.entries(entry).filter(([key]) => IMAGE_KEYS.includes(key)));
}
