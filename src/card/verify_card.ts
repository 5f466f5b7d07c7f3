/**
 * Compares a card with the files that it is about.
 *
 * @module
 */
import { basename, join } from "node:path";
import { readBounded } from "../fs/bounded_read.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { ifFound } from "../fs/paths.ts";
import { readWholeFile } from "../fs/whole_file.ts";
import { MAX_BYTES } from "../image/limits.ts";
import { mapConcurrently } from "../dataset/map_concurrently.ts";
import { openSplit } from "../dataset/source_registry.ts";
import { findSplits, type Split } from "../dataset/splits.ts";
import { readForModel } from "../evaluation/model_classes.ts";
import type { ImagePredictor } from "../prediction/predictor.ts";
import { classCount } from "../unet/config.ts";
import type { ModelDescription } from "../unet/model_format.ts";
import { type CardFile, type ModelCard, parseFileLine } from "./card_format.ts";

/** A file that is not what the card says. */
export interface Difference {
  /** The file. */
  readonly file: string;
  /** What differs. */
  readonly what: string;
}

/** What was compared. */
export interface Verification {
  /** Files that were compared. */
  readonly compared: number;
  /** Those that differ. */
  readonly differences: readonly Difference[];
  /** What could not be compared. */
  readonly notes: readonly string[];
}

/** Images that are read at the same time. */
const READ_AHEAD = 8;

/** Compares the model's file with the card's hash of it. */
export async function verifyModel({ model }: ModelCard, path: string): Promise<Verification> {
  const sha256 = hashBytes(await readWholeFile(path));
  const what = `SHA-256 ${sha256}, the card has ${model.sha256}`;
  const differences = sha256 === model.sha256 ? [] : [{ file: path, what }];
  return { compared: 1, differences, notes: [] };
}

/** Compares the images and masks of a dataset with the card's hashes of them. */
export async function verifyData(
  card: ModelCard,
  folder: string,
  description: ModelDescription,
): Promise<Verification> {
  const differences: Difference[] = [];
  const notes: string[] = [];
  const files = new Map<string, CardFile>();
  for (const [role, split] of Object.entries(card.data)) {
    const listed = split.files.map(parseFileLine);
    if (listed.length < split.images) {
      notes.push(`${role}: the card lists none of its ${split.images} images`);
    }
    for (const file of listed) files.set(`${file.split}/${file.fileName}`, file);
  }
  const splits = new Map((await findSplits(folder)).map((split) => [split.name, split]));
  const names = [...new Set([...files.values()].map(({ split }) => split))];
  for (const name of names) {
    const own = [...files.values()].filter(({ split }) => split === name);
    const split = splits.get(name);
    const place = split?.folder ?? join(folder, name);
    const masks = split === undefined ? null : await maskHashes(split, description, notes);
    const found = await mapConcurrently(own, READ_AHEAD, (file) => compare(file, place, masks));
    differences.push(...found.flat());
  }
  return { compared: files.size, differences, notes };
}

async function compare(
  { image, mask, fileName }: CardFile,
  folder: string,
  masks: ReadonlyMap<string, string> | null,
): Promise<Difference[]> {
  const path = join(folder, fileName);
  const bytes = await ifFound(readBounded(path, MAX_BYTES)).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  });
  if (bytes === null) return [{ file: path, what: "missing or unreadable" }];
  const differences: Difference[] = [];
  if (hashBytes(bytes) !== image) differences.push({ file: path, what: "another image than the card's" });
  if (masks !== null && mask !== "corrected" && masks.get(fileName) !== mask) {
    differences.push({ file: path, what: "another annotation than the card's" });
  }
  return differences;
}

/** The hash of the mask of each image of a split; null, with a note, if its annotations cannot be read. */
async function maskHashes(
  split: Split,
  description: ModelDescription,
  notes: string[],
): Promise<Map<string, string> | null> {
  try {
    const predictor = { description, classes: classCount(description.network) } as ImagePredictor;
    const { samples } = await readForModel(predictor, split, await openSplit(split), "empty");
    const entries: [string, string][] = [];
    for (const sample of samples) entries.push([sample.fileName, await sample.labelKey()]);
    return new Map(entries);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    notes.push(
      `${basename(split.folder)}: masks are not compared: ${(error as Error).message.split("\n")[0]}`,
    );
    return null;
  }
}
