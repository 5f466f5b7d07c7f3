/**
 * Masks as image files: one grey PNG an image, 0 for background and 255 for tumor, and a manifest that says
 * what each was drawn from.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { encodeGrayPng } from "../image/encode.ts";
import { type Problem, refuseProblems } from "../coco/problems.ts";
import { readSplit, type Sample, type Unannotated } from "./samples.ts";
import { findSplits, type Split } from "./splits.ts";

/** How masks are written. */
export interface WriteMasksOptions {
  /** What becomes of images without annotations: `empty` (unless given) writes them an all-black mask. */
  readonly unannotated?: Unannotated;
  /** Refuse a dataset with any problem, before anything is written. */
  readonly strict?: boolean;
  /** Told after every mask. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A mask file, as the manifest lists it. */
export interface MaskEntry {
  /** The image, as `SPLIT/FILE` of the dataset. */
  readonly image: string;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Pixels of tumor. */
  readonly tumorPixels: number;
  /** SHA-256 of the image's size and annotations: another one means another mask. */
  readonly source: string;
  /** SHA-256 of the PNG. */
  readonly sha256: string;
}

/** What {@linkcode writeMasks} did. */
export interface MasksReport {
  /** The folder of the masks. */
  readonly output: string;
  /** Masks drawn and written. */
  readonly written: number;
  /** Masks that were there and up to date. */
  readonly kept: number;
  /** Masks of an earlier run that the dataset has no image for any more. */
  readonly removed: number;
  /** What is wrong in the dataset; what it concerns has no mask. */
  readonly problems: readonly Problem[];
}

/** The manifest's name in the output folder. */
export const MASK_MANIFEST = "manifest.json";

type Entries = Map<string, MaskEntry>;

/**
 * Draws every sample's mask to `OUTPUT/SPLIT/NAME.png` and lists them in `OUTPUT/manifest.json`. A mask whose
 * annotations and file are those of the manifest is not drawn again; one whose image is gone is removed. Each
 * file appears whole or not at all, and the manifest last, so that an interrupted run is merely unfinished.
 *
 * Throws an Error where there is no dataset, or, with `strict`, where anything is wrong with it.
 */
export async function writeMasks(
  folder: string,
  output: string,
  options: WriteMasksOptions = {},
): Promise<MasksReport> {
  const samples: Sample[] = [];
  const problems: Problem[] = [];
  for (const split of await findSplits(folder)) {
    await refuseAmongImages(split, output);
    if (split.annotationFile === null) continue;
    const reading = await readSplit(split, { unannotated: options.unannotated ?? "empty" });
    samples.push(...reading.samples);
    problems.push(...reading.problems);
  }
  if (options.strict) refuseProblems(`dataset ${JSON.stringify(folder)}`, problems);

  const before = await readManifest(output);
  const after: Entries = new Map();
  let written = 0;
  for (const [path, sample] of maskPaths(samples)) {
    const old = before.get(path);
    if (old !== undefined && await isUpToDate(join(output, path), old, sample)) {
      after.set(path, old);
    } else {
      after.set(path, await writeMask(join(output, path), sample));
      written++;
    }
    options.onProgress?.(after.size, samples.length);
  }
  const gone = [...before.keys()].filter((path) => !after.has(path));
  for (const path of gone) await removeIfThere(join(output, path));
  await writeFileAtomic(join(output, MASK_MANIFEST), formatManifest(after));
  return { output, written, kept: after.size - written, removed: gone.length, problems };
}

/** Each sample's path in the output folder. Where two images differ in their extension only, all keep theirs. */
function maskPaths(samples: readonly Sample[]): Map<string, Sample> {
  const short = samples.map(({ split, fileName }) => `${split}/${fileName.replace(/\.\w+$/, "")}.png`);
  // By lower case: on some disks A.png and a.png are one file.
  const unique = new Set(short.map((path) => path.toLowerCase())).size === samples.length;
  return new Map(samples.map((sample, i) => [
    unique ? short[i]! : `${sample.split}/${sample.fileName}.png`,
    sample,
  ]));
}

/** Throws an Error where masks would lie among the images: they could take the place of images. */
async function refuseAmongImages(split: Split, output: string): Promise<void> {
  const masks = join(output, split.name);
  const real = await Deno.realPath(masks).catch(notThere);
  if (real !== await Deno.realPath(split.folder)) return;
  throw new Error(
    `Cannot write masks to ${JSON.stringify(masks)}: the images are there\nhint: name another --output`,
  );
}

async function isUpToDate(path: string, entry: MaskEntry, sample: Sample): Promise<boolean> {
  if (entry.source !== sample.maskKey()) return false;
  const bytes = await Deno.readFile(path).catch(notThere);
  return bytes !== null && sha256(bytes) === entry.sha256;
}

async function writeMask(path: string, sample: Sample): Promise<MaskEntry> {
  const { width, height, data } = sample.mask();
  const png = await encodeGrayPng({ width, height, data: data.map((value) => 255 * value) });
  await writeFileAtomic(path, png);
  return {
    image: `${sample.split}/${sample.fileName}`,
    width,
    height,
    tumorPixels: data.reduce((sum, value) => sum + value, 0),
    source: sample.maskKey(),
    sha256: sha256(png),
  };
}

function formatManifest(entries: Entries): string {
  const about = "masks as grey PNGs, 0 background, 255 tumor; source: SHA-256 of size and annotations; " +
    "sha256: of the file";
  return `${JSON.stringify({ version: 1, about, masks: Object.fromEntries(entries) }, null, 1)}\n`;
}

/** The entries of the last run's manifest; none where there is no manifest, or one that cannot be understood. */
async function readManifest(output: string): Promise<Entries> {
  const text = await Deno.readTextFile(join(output, MASK_MANIFEST)).catch(notThere);
  if (text === null) return new Map();
  try {
    const { version, masks } = JSON.parse(text);
    return version === 1
      ? new Map(Object.entries<MaskEntry>(masks).filter(([path]) => isMaskPath(path)))
      : new Map();
  } catch {
    // A damaged manifest only costs drawing anew.
    return new Map();
  }
}

/** Whether a path of a manifest, which anyone may have edited, stays within the output folder. */
function isMaskPath(path: string): boolean {
  return path.endsWith(".png") && !path.startsWith("/") && !path.split(/[\\/]/).includes("..");
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path).catch(notThere);
}

function notThere(error: unknown): null {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
