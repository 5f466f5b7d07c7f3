/**
 * Masks as image files: one grayscale PNG per image, 0 background and 255 foreground, and a manifest of their sources.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { ifFound, readJson, removeFile } from "../fs/paths.ts";
import { encodeGrayPng } from "../image/encode.ts";
import { type Problem, refuseProblems } from "../coco/problems.ts";
import { readSplit, type Sample, type Unannotated } from "./samples.ts";
import type { Split } from "./dataset_source.ts";
import { findSplits } from "./splits.ts";

/** How masks are written. */
export interface WriteMasksOptions {
  /** How images without annotations are treated: `empty`, the default, writes an all-black mask. */
  readonly unannotated?: Unannotated;
  /** Whether any problem of the dataset is an Error, before anything is written. */
  readonly strict?: boolean;
  /** Called after every mask. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The manifest entry of a mask file. */
export interface MaskEntry {
  /** The image, as `SPLIT/FILE` of the dataset. */
  readonly image: string;
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Foreground pixels. */
  readonly foregroundPixels: number;
  /** SHA-256 of the image's size and annotations; if it changes, so does the mask. */
  readonly source: string;
  /** SHA-256 of the PNG. */
  readonly sha256: string;
}

/** What {@linkcode writeMasks} did. */
export interface MasksReport {
  /** The output folder. */
  readonly output: string;
  /** Masks drawn and written. */
  readonly written: number;
  /** Existing masks that were up to date. */
  readonly kept: number;
  /** Masks of an earlier run whose image is no longer in the dataset. */
  readonly removed: number;
  /** Every problem of the dataset; affected images have no mask. */
  readonly problems: readonly Problem[];
}

/** The file name of the manifest. */
export const MASK_MANIFEST = "manifest.json";

/** To be raised when the entries change: masks of another version are drawn again. */
const MANIFEST_VERSION = 2;

type Entries = Map<string, MaskEntry>;

/**
 * Draws the mask of every sample to `OUTPUT/SPLIT/NAME.png` and lists them in `OUTPUT/manifest.json`. Masks whose
 * annotations and file match the manifest are not drawn again; those whose image is gone are removed. Files are
 * written atomically, the manifest last, so that an interrupted run can simply be repeated.
 *
 * Throws an Error if there is no dataset, or, with `strict`, if it has any problem.
 */
export async function writeMasks(
  folder: string,
  output: string,
  options: WriteMasksOptions = {},
): Promise<MasksReport> {
  const samples: Sample[] = [];
  const problems: Problem[] = [];
  for (const split of await findSplits(folder)) {
    await assertNotAmongImages(split, output);
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
  for (const path of gone) await removeFile(join(output, path));
  await writeFileAtomic(join(output, MASK_MANIFEST), formatManifest(after));
  return { output, written, kept: after.size - written, removed: gone.length, problems };
}

/** Each sample's path in the output folder. If two images differ only in their extension, all keep theirs. */
function maskPaths(samples: readonly Sample[]): Map<string, Sample> {
  const short = samples.map(({ split, fileName }) => `${split}/${fileName.replace(/\.\w+$/, "")}.png`);
  // In lower case: on some file systems A.png and a.png are the same file.
  const unique = new Set(short.map((path) => path.toLowerCase())).size === samples.length;
  return new Map(samples.map((sample, i) => [
    unique ? short[i]! : `${sample.split}/${sample.fileName}.png`,
    sample,
  ]));
}

/** Throws an Error if masks would be written among the images, which they could overwrite. */
async function assertNotAmongImages(split: Split, output: string): Promise<void> {
  const masks = join(output, split.name);
  const real = await ifFound(Deno.realPath(masks));
  if (real !== await Deno.realPath(split.folder)) return;
  throw new Error(
    `Cannot write masks to ${
      JSON.stringify(masks)
    }: the images are in that folder\nhint: choose another --output`,
  );
}

async function isUpToDate(path: string, entry: MaskEntry, sample: Sample): Promise<boolean> {
  if (entry.source !== await sample.labelKey()) return false;
  const bytes = await ifFound(readBounded(path, 2 ** 27));
  return bytes !== null && hashBytes(bytes) === entry.sha256;
}

async function writeMask(path: string, sample: Sample): Promise<MaskEntry> {
  const { width, height, data } = await sample.mask();
  const png = await encodeGrayPng({ width, height, data: data.map((value) => 255 * value) });
  await writeFileAtomic(path, png);
  return {
    image: `${sample.split}/${sample.fileName}`,
    width,
    height,
    foregroundPixels: data.reduce((sum, value) => sum + value, 0),
    source: await sample.labelKey(),
    sha256: hashBytes(png),
  };
}

function formatManifest(entries: Entries): string {
  const about =
    "grayscale PNG masks, 0 background, 255 foreground; source: SHA-256 of size and annotations; " +
    "sha256: of the file";
  return `${
    JSON.stringify({ version: MANIFEST_VERSION, about, masks: Object.fromEntries(entries) }, null, 1)
  }\n`;
}

/** The entries of the existing manifest; none if it is missing, damaged or of another version. */
async function readManifest(output: string): Promise<Entries> {
  const manifest = await readJson(join(output, MASK_MANIFEST)) as { version?: number; masks?: object } | null;
  if (manifest?.version !== MANIFEST_VERSION) return new Map();
  return new Map(Object.entries<MaskEntry>({ ...manifest.masks }).filter(([path]) => isMaskPath(path)));
}

/** Whether a path of a manifest, which may have been edited, stays within the output folder. */
function isMaskPath(path: string): boolean {
  return path.endsWith(".png") && !path.startsWith("/") && !path.split(/[\\/]/).includes("..");
}
