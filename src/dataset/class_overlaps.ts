/**
 * Whether classes of a dataset overlap in any image, at the size of the annotations.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join, normalize } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { readBounded } from "../fs/bounded_read.ts";
import { integerOf, listOf, objectOf, orNull, TEXT } from "../fs/json_shape.ts";
import { IGNORE } from "../image/label_map.ts";
import { type ClassTable, labelingOf } from "./classes.ts";
import type { ListedImage, Split, SplitListing } from "./dataset_source.ts";

/** Two classes that overlap. */
export interface ClassOverlap {
  /** Their names. */
  readonly classes: readonly string[];
  /** The first image in which they do, as `SPLIT/FILE`. */
  readonly image: string;
  /** Their common pixels there. */
  readonly pixels: number;
}

/** A split and its annotations. */
export interface OpenSplit {
  /** The split. */
  readonly split: Split;
  /** Its annotations. */
  readonly listing: SplitListing;
}

/** How overlaps are searched. */
export interface OverlapOptions {
  /** Folder in which the answer is kept for the next time; null for nowhere. */
  readonly cacheFolder: string | null;
  /** Aborts the search. */
  readonly signal?: AbortSignal | undefined;
}

/** To be raised when the same annotations may overlap elsewhere. */
const VERSION = 1;

const KEPT = objectOf({
  version: integerOf(VERSION, VERSION),
  key: TEXT,
  overlap: orNull(objectOf({ classes: listOf(TEXT), image: TEXT, pixels: integerOf(1) })),
});

/** The kept answer has some hundred bytes. */
const MAX_KEPT_BYTES = 2 ** 16;

/** Milliseconds of drawing between looks at the signal. */
const BREATH_MS = 50;

/**
 * The first two classes that overlap; null if none do. Ignored pixels do not count. Draws the images that have several
 * classes until one overlaps, and none if the answer for the same annotations is kept.
 *
 * @throws the signal's reason if it aborted the search.
 */
export async function findClassOverlap(
  splits: readonly OpenSplit[],
  table: ClassTable,
  options: OverlapOptions,
): Promise<ClassOverlap | null> {
  const candidates = splits.flatMap(({ split, listing }) => {
    const labeling = labelingOf(table, listing.categories, true);
    const several = ({ state, categoryIds }: ListedImage) => {
      if (state !== "annotated") return false;
      const labels = new Set(categoryIds.flatMap((id) => labeling.labelsOf(id)));
      labels.delete(IGNORE);
      return labels.size > 1;
    };
    return listing.images.filter(several).map((image) => ({ split, image, labeling }));
  });
  const hash = createHash("sha256").update(JSON.stringify(table.names));
  for (const { split, image, labeling } of candidates) {
    hash.update(`${split.name}/${image.fileName}\0${await image.labelKey(labeling)}\n`);
  }
  const key = hash.digest("hex");
  const path = options.cacheFolder && join(options.cacheFolder, cacheName(splits));
  const kept = path === null ? undefined : await readKept(path, key);
  if (kept !== undefined) return kept;
  const overlap = await search(candidates, table, options.signal);
  if (path !== null) await keep(path, { version: VERSION, key, overlap });
  return overlap;
}

interface Candidate {
  readonly split: Split;
  readonly image: ListedImage;
  readonly labeling: ReturnType<typeof labelingOf>;
}

async function search(
  candidates: readonly Candidate[],
  table: ClassTable,
  signal: AbortSignal | undefined,
): Promise<ClassOverlap | null> {
  let breath = performance.now();
  for (const { split, image, labeling } of candidates) {
    if (performance.now() - breath > BREATH_MS) {
      // A signal arrives only between tasks of the event loop.
      await new Promise((resolve) => setTimeout(resolve));
      breath = performance.now();
    }
    signal?.throwIfAborted();
    const { data, overlaps, classCount = 0 } = await image.labelMap(labeling);
    if (overlaps === undefined) continue;
    const [first, second] = overlaps[0]!;
    const both = overlaps.map((set) => set.includes(first!) && set.includes(second!));
    const pixels = data.reduce((sum, label) => sum + (both[label - classCount - 1] === true ? 1 : 0), 0);
    const classes = [table.names[first! - 1]!, table.names[second! - 1]!];
    return { classes, image: `${split.name}/${image.fileName}`, pixels };
  }
  return null;
}

/** With a hash of the splits' folders: datasets may share a cache folder. */
function cacheName(splits: readonly OpenSplit[]): string {
  const folders = splits.map(({ split }) => normalize(split.folder)).join("\n");
  return `class-overlaps-${createHash("sha256").update(folders).digest("hex").slice(0, 8)}.json`;
}

async function readKept(path: string, key: string): Promise<ClassOverlap | null | undefined> {
  if (!isGranted("read", path)) return undefined;
  try {
    const kept = JSON.parse(new TextDecoder().decode(await readBounded(path, MAX_KEPT_BYTES)));
    return KEPT(kept, "") === null && kept.key === key ? kept.overlap : undefined;
  } catch {
    // Missing, damaged or unreadable: the search answers again.
    return undefined;
  }
}

/** A folder that cannot be written costs only the search. */
async function keep(path: string, content: object): Promise<void> {
  if (isGranted("read", path) && isGranted("write", path)) {
    await writeFileAtomic(path, `${JSON.stringify(content)}\n`).catch(() => {});
  }
}

/** Queried before the runtime does, so that it does not prompt. */
function isGranted(name: "read" | "write", path: string): boolean {
  return Deno.permissions.querySync({ name, path }).state === "granted";
}
