/**
 * Preparing a split on several ranks: each image is read and decoded by one of them, and the file is the one that a
 * single rank writes.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { readAt } from "../fs/read_at.ts";
import { ifFound, removeTree } from "../fs/paths.ts";
import type { Ranks } from "../ranks/share.ts";
import type { Size } from "../image/image.ts";
import { recordByteLength, type RecordPlace, recordSize } from "./sample_record.ts";
import { wholeByteLength } from "./whole_record.ts";
import { openSampleWriter, type SampleWriter } from "./sample_writer.ts";

/** An entry with a record, or one without. */
type Entry = RecordPlace | object;

/** What a single rank does, too. */
export interface PreparationSteps<Item, E extends Entry> {
  /** The entries of items from the existing file, or null if it lacks one. */
  readonly readCached: (items: readonly Item[]) => Promise<E[] | null>;
  /** Prepares items, and stores their records. */
  readonly prepare: (items: readonly Item[], writer: SampleWriter) => Promise<E[]>;
  /** Completes the file of entries. */
  readonly finish: (entries: readonly E[], writer: SampleWriter) => Promise<void>;
}

/**
 * The entries of all items, on every rank; `path` is on a file system that all share.
 *
 * @throws {Error} if the file cannot be written
 */
export async function prepareOnRanks<Item, E extends Entry>(
  items: readonly Item[],
  path: string,
  ranks: Ranks,
  size: Size,
  { readCached, prepare, finish }: PreparationSteps<Item, E>,
): Promise<{ entries: E[]; status: "kept" | "written" }> {
  const own = items.filter((_, index) => index % ranks.size === ranks.rank);
  const kept = await collect(ranks, items.length, await readCached(own));
  if (kept !== null) return { entries: kept, status: "kept" };

  // Another run may prepare the same split at the same time.
  const [token] = await ranks.exchange(ranks.rank === 0 ? crypto.randomUUID().slice(0, 8) : "");
  if (ranks.rank === 0) await removeLeft(path);
  const part = `${path}${PART}${token}-${ranks.rank}`;
  const writer = await openShared(part);
  try {
    const prepared = await prepare(own, writer);
    await finish(prepared, writer);
    const parts = await collect(ranks, items.length, prepared);
    // The first rank puts the parts together while the others wait for its entries.
    const whole = ranks.rank === 0 ? await joinParts(parts!, path, size, finish) : null;
    const [text] = await ranks.exchange(whole === null ? "" : JSON.stringify(whole));
    return { entries: JSON.parse(text!) as E[], status: "written" };
  } finally {
    await writer.discard();
    await removeTree(part);
  }
}

/** Between the name of a split's file and the token of a part. */
const PART = ".part-";

/** Milliseconds after which a part is one that a killed run left. */
const LEFT_MS = 24 * 60 * 60 * 1000;

async function removeLeft(path: string): Promise<void> {
  const folder = dirname(path);
  const found = await ifFound(Array.fromAsync(Deno.readDir(folder))) ?? [];
  for (const { name } of found.filter(({ name }) => name.startsWith(basename(path) + PART))) {
    const { mtime } = await ifFound(Deno.stat(join(folder, name))) ?? {};
    if (mtime && Date.now() - mtime.getTime() > LEFT_MS) await removeTree(join(folder, name));
  }
}

/** Each rank's entries in the order of all items; null if a rank has none. */
async function collect<E extends Entry>(
  ranks: Ranks,
  count: number,
  own: readonly E[] | null,
): Promise<E[] | null> {
  const texts = await ranks.exchange(own === null ? "" : JSON.stringify(own));
  if (texts.includes("")) return null;
  const lists = texts.map((text) => JSON.parse(text) as E[]);
  return Array.from({ length: count }, (_, index) => {
    return lists[index % ranks.size]![Math.floor(index / ranks.size)]!;
  });
}

/** Copies the records of all parts to one file, in order. */
async function joinParts<E extends Entry>(
  entries: readonly E[],
  path: string,
  size: Size,
  finish: PreparationSteps<unknown, E>["finish"],
): Promise<E[]> {
  const files = new Map<string, Deno.FsFile>();
  const writer = await openShared(path);
  try {
    const placed = entries.map((entry) => {
      if (!("offset" in entry) || typeof entry.source !== "string") return entry;
      const { source, channels, labelBits } = entry;
      const file = files.get(source) ?? Deno.openSync(source);
      files.set(source, file);
      const own = recordSize(entry, size);
      const record = new Uint8Array(
        entry.bands === undefined
          ? recordByteLength(own, channels, labelBits)
          : wholeByteLength(own, channels, entry.bands.sampleBytes),
      );
      if (!readAt(file, entry.offset, record)) {
        throw new Error(`Cannot read ${source}: it is shorter than it was`);
      }
      return { ...entry, ...writer.add(record.buffer) };
    });
    await finish(placed, writer);
    return placed;
  } catch (error) {
    await writer.discard();
    throw error;
  } finally {
    for (const file of files.values()) file.close();
  }
}

async function openShared(path: string): Promise<SampleWriter> {
  let reason = "it may not be written";
  const writer = await openSampleWriter(path, (note) => reason = note);
  if (writer.status === "written") return writer;
  await writer.discard();
  throw new Error(
    `Cannot share prepared images between ranks: ${reason}\n` +
      "hint: give a folder with --cache that every rank can write",
  );
}
