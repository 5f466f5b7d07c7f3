/**
 * Masks as image files, PNGs by class, and a manifest of their sources.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { ifFound, readJson, removeFile } from "../fs/paths.ts";
import { countForeground, maskOf } from "../image/label_map.ts";
import { type Problem, refuseProblems } from "../coco/problems.ts";
import { findClassOverlap } from "./class_overlaps.ts";
import { categoryNames, chooseClasses, type ClassOptions, type ClassTable } from "./classes.ts";
import { encodeMask, MASK_FORMS, maskFiles, type MaskForm, maskForm } from "./mask_files.ts";
import { readListing, type Sample, type Unannotated } from "./samples.ts";
import { openSplit } from "./source_registry.ts";
import type { Split, SplitListing } from "./dataset_source.ts";
import { findSplits } from "./splits.ts";

/** How masks are written. */
export interface WriteMasksOptions {
  /** How images without annotations are treated: `empty`, the default, writes an all-black mask. */
  readonly unannotated?: Unannotated;
  /** Whether any problem of the dataset is an Error, before anything is written. */
  readonly strict?: boolean;
  /** The classes; by default every category that is outlined. */
  readonly classes?: ClassOptions;
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
  /** The classes, in the order of their labels; one if the masks only show foreground. */
  readonly classes: readonly string[];
  /** Every problem of the dataset; affected images have no mask. */
  readonly problems: readonly Problem[];
}

/** The file name of the manifest. */
export const MASK_MANIFEST = "manifest.json";

/** To be raised when the entries change: masks of another version are drawn again. */
const MANIFEST_VERSION = 2;

type Entries = Map<string, MaskEntry>;

/** A file to be written, and what it shows. */
interface MaskFile {
  readonly sample: Sample;
  readonly form: MaskForm;
  readonly label: number;
  readonly table: ClassTable;
}

/**
 * Draws the mask of every sample to `OUTPUT/SPLIT/NAME.png` (if classes overlap, to `OUTPUT/SPLIT/CLASS/NAME.png`), and lists them in `OUTPUT/manifest.json`. Masks whose
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
  const { unannotated = "empty" } = options;
  const opened: { split: Split; listing: SplitListing }[] = [];
  for (const split of await findSplits(folder)) {
    await assertNotAmongImages(split, output);
    if (split.annotationFile !== null) opened.push({ split, listing: await openSplit(split) });
  }
  const table = chooseClasses(categoryNames(opened.map(({ listing }) => listing)), options.classes);
  const overlap = await findClassOverlap(opened, table, { cacheFolder: null });
  const form = maskForm(table, overlap !== null);
  const samples: Sample[] = [];
  const problems: Problem[] = [];
  for (const { split, listing } of opened) {
    const reading = await readListing(split, listing, {
      unannotated,
      classes: table,
      overlapping: overlap !== null,
    });
    samples.push(...reading.samples);
    problems.push(...reading.problems);
  }
  if (options.strict) refuseProblems(`dataset ${JSON.stringify(folder)}`, problems);

  const before = await readManifest(output);
  const after: Entries = new Map();
  let written = 0;
  const files = maskPaths(samples, table, form);
  for (const [path, file] of files) {
    const old = before.get(path);
    if (old !== undefined && await isUpToDate(join(output, path), old, file)) {
      after.set(path, old);
    } else {
      after.set(path, await writeMask(join(output, path), file));
      written++;
    }
    options.onProgress?.(after.size, files.size);
  }
  const gone = [...before.keys()].filter((path) => !after.has(path));
  for (const path of gone) await removeFile(join(output, path));
  await writeFileAtomic(join(output, MASK_MANIFEST), formatManifest(after, table, form));
  const kept = after.size - written;
  return { output, written, kept, removed: gone.length, classes: table.names, problems };
}

/** The paths of each sample's files in the output folder. If two images differ only in their extension, all keep theirs. */
function maskPaths(samples: readonly Sample[], table: ClassTable, form: MaskForm): Map<string, MaskFile> {
  const short = samples.map(({ split, fileName }) => `${split}/${fileName.replace(/\.\w+$/, "")}.png`);
  // In lower case: on some file systems A.png and a.png are the same file.
  const unique = new Set(short.map((path) => path.toLowerCase())).size === samples.length;
  const parts = maskFiles(table, form);
  return new Map(samples.flatMap((sample, i) => {
    const path = unique ? short[i]! : `${sample.split}/${sample.fileName}.png`;
    return parts.map(({ folder, label }): [string, MaskFile] => [
      folder === "" ? path : `${sample.split}/${folder}${path.slice(sample.split.length)}`,
      { sample, form, label, table },
    ]);
  }));
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

async function isUpToDate(path: string, entry: MaskEntry, file: MaskFile): Promise<boolean> {
  if (entry.source !== await sourceOf(file)) return false;
  const bytes = await ifFound(readBounded(path, 2 ** 27));
  return bytes !== null && hashBytes(bytes) === entry.sha256;
}

/** For one class what it was before there were several: the key of the label map. */
async function sourceOf({ sample, form, table }: MaskFile): Promise<string> {
  const key = await sample.labelKey();
  if (form === "gray") return key;
  return hashBytes(new TextEncoder().encode(JSON.stringify([key, form, table.names, table.colors])));
}

async function writeMask(path: string, file: MaskFile): Promise<MaskEntry> {
  const { sample, label, form, table } = file;
  const map = await sample.labelMap();
  const { width, height } = map;
  const png = await encodeMask(map, label, form, table);
  const shown = form === "indexed" ? map : maskOf(map, label);
  await writeFileAtomic(path, png);
  return {
    image: `${sample.split}/${sample.fileName}`,
    width,
    height,
    foregroundPixels: countForeground(shown),
    source: await sourceOf(file),
    sha256: hashBytes(png),
  };
}

function formatManifest(entries: Entries, { classes }: ClassTable, form: MaskForm): string {
  const about = `${MASK_FORMS[form]}; source: SHA-256 of size and annotations; sha256: of the file`;
  const manifest = {
    version: MANIFEST_VERSION,
    about,
    ...(form === "gray" ? {} : { classes }),
    masks: Object.fromEntries(entries),
  };
  return `${JSON.stringify(manifest, null, 1)}\n`;
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
