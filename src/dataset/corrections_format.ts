/**
 * The form of a corrections file: a COCO document whose `annotations` hold the newest masks of each image, and whose
 * `corrections` hold every version, from the one before the first correction on.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { safeFileName } from "../coco/coco_images.ts";
import { parseJson } from "../coco/json.ts";
import { showValue } from "../coco/problems.ts";
import { formatRuns, type Rle, rleRuns } from "../coco/rle.ts";
import { RunList } from "../coco/run_list.ts";
import { escapeLine } from "../escape.ts";
import {
  integerOf,
  isRecord,
  listOf,
  objectOf,
  oneOf,
  orMissing,
  orNull,
  type Shape,
  valueOf,
} from "../fs/json_shape.ts";
import type { Size } from "../image/image.ts";
import { MAX_PIXELS, MAX_SIDE } from "../image/limits.ts";

/** What a version of an image's masks was made from. */
export type CorrectionSource = "prediction" | "annotation" | "empty";

/** A mask of a version. */
export interface CorrectedRegion {
  /** The name of its category. */
  readonly category: string;
  /** Its pixels, in the size of the image. */
  readonly rle: Rle;
}

/** A version of an image's masks. */
export interface Correction {
  /** Its number: 0 for the masks before the first correction, then 1, 2 and so on. */
  readonly revision: number;
  /** Its place among all versions of the file, from 0: later ones were saved later. */
  readonly record: number;
  /** Who corrected, as typed; null for revision 0. */
  readonly annotator: string | null;
  /** When it was saved, as ISO 8601. */
  readonly time: string;
  /** What it was made from; of revision 0, what it is. */
  readonly source: CorrectionSource;
  /** The SHA-256 of the model whose prediction it was made from; null for none. */
  readonly model: string | null;
  /** The revision before; null for revision 0. */
  readonly previous: number | null;
  /** Its masks; none if nothing is to be seen in the image. */
  readonly regions: readonly CorrectedRegion[];
}

/** An image of a dataset, as a corrections file names it. */
export interface CorrectionImage extends Size {
  /** The name of its split: the folder in the dataset. */
  readonly split: string;
  /** Its path in the split's folder, with `/`. */
  readonly fileName: string;
  /** The SHA-256 of the image file on which the masks lie, in hexadecimal digits. */
  readonly sha256: string;
}

/** An image and all versions of its masks. */
export interface CorrectedImage extends CorrectionImage {
  /** Its id in the file. */
  readonly id: number;
  /** All versions, by number; at least two. */
  readonly corrections: readonly Correction[];
}

/** The content of a corrections file. */
export interface Corrections {
  /** The categories of all versions. */
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  /** The corrected images, in the order of their first corrections. */
  readonly images: readonly CorrectedImage[];
  /** The number of versions of all images. */
  readonly records: number;
}

/** Longest name of an annotator, a category, a split or a file, in UTF-16 units. */
const MAX_NAME = 1024;

const NAME = valueOf(`a text of 1 to ${MAX_NAME} characters`, (value) => isName(value));
const SHA256 = valueOf("64 lower-case hexadecimal digits", isHash);
const TIME = valueOf("a time as ISO 8601 writes it, with its zone", isTime);
const SEGMENTATION = objectOf({ size: listOf(integerOf()), counts: isCounts() });

const DOCUMENT = objectOf({
  // First, since any other COCO file lacks them.
  corrections: listOf(objectOf({
    revision: integerOf(),
    image_id: integerOf(1),
    annotator: orNull(NAME),
    time: TIME,
    source: oneOf("prediction", "annotation", "empty"),
    model: orNull(SHA256),
    previous: orNull(integerOf()),
    annotations: listOf(objectOf({ category_id: integerOf(1), segmentation: SEGMENTATION })),
  })),
  images: listOf(objectOf({
    id: integerOf(1),
    split: valueOf("the name of a folder", isFolderName),
    file_name: valueOf(
      "a path within a folder",
      (value) => isName(value) && safeFileName(value) === value,
    ),
    width: integerOf(1, MAX_SIDE),
    height: integerOf(1, MAX_SIDE),
    sha256: SHA256,
  })),
  categories: listOf(objectOf({ id: integerOf(1), name: NAME })),
  annotations: listOf(objectOf({
    id: integerOf(1),
    image_id: integerOf(1),
    category_id: integerOf(1),
    revision: integerOf(1),
    segmentation: SEGMENTATION,
  })),
  info: orMissing(valueOf("an object", isRecord)),
});

/** A checked document as it stands in the file, with whatever else it holds. */
export interface CorrectionsDocument {
  readonly images: readonly ImageEntry[];
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  readonly annotations: readonly AnnotationEntry[];
  readonly corrections: readonly CorrectionEntry[];
  readonly [other: string]: unknown;
}

interface ImageEntry extends Size {
  readonly id: number;
  readonly split: string;
  readonly file_name: string;
  readonly sha256: string;
}

interface MaskEntry {
  readonly category_id: number;
  readonly segmentation: Rle;
}

interface AnnotationEntry extends MaskEntry {
  readonly id: number;
  readonly image_id: number;
  readonly revision: number;
}

interface CorrectionEntry extends Omit<Correction, "regions" | "record"> {
  readonly image_id: number;
  readonly annotations: readonly MaskEntry[];
}

/** A document without corrections. */
export const EMPTY_DOCUMENT: CorrectionsDocument = {
  info: { description: "Corrected masks: `annotations` are the newest, `corrections` all versions" },
  images: [],
  categories: [],
  annotations: [],
  corrections: [],
};

/**
 * Parses and checks the text of a corrections file; `name` is the file's in messages.
 *
 * @throws {SyntaxError} if the text is no JSON, or no document of corrections, naming the first entry that is wrong
 */
export function parseCorrections(
  text: string,
  name: string,
): { document: CorrectionsDocument; content: Corrections } {
  const root = parseJson(text, name);
  const fault = shapeFault(DOCUMENT, root);
  if (fault !== null) throw unreadable(name, fault);
  const document = root as CorrectionsDocument;
  return { document, content: readContent(document, (fault) => unreadable(name, fault)) };
}

/** Says that a file is none of corrections, or a damaged one. */
function unreadable(name: string, fault: string): SyntaxError {
  return new SyntaxError(
    `Cannot read corrections from ${name}: ${escapeLine(fault)}\n` +
      "hint: name a file that the page saved, such as dataset/corrections/mine.coco.json; a damaged one " +
      "must come back from a copy",
  );
}

function shapeFault(shape: Shape, value: unknown): string | null {
  return shape(value, "the document")?.replace("the document.", "") ?? null;
}

function readContent(document: CorrectionsDocument, fail: (fault: string) => Error): Corrections {
  const images = byUnique(document.images, "images", "id", fail);
  const categories = byUnique(document.categories, "categories", "id", fail);
  byUnique(document.categories, "categories", "name", fail);
  byUnique(document.annotations, "annotations", "id", fail);
  const files = new Set<string>();
  document.images.forEach(({ split, file_name, width, height }, i) => {
    const file = `${split}/${file_name}`;
    if (files.has(file)) throw fail(`images[${i}] is ${showValue(file)}, which another entry is, too`);
    if (width * height > MAX_PIXELS) throw fail(`images[${i}] has more than ${MAX_PIXELS} pixels`);
    files.add(file);
  });
  const imageOf = ({ image_id }: { readonly image_id: number }, path: string): ImageEntry => {
    const image = images.get(image_id);
    if (image === undefined) throw fail(`${path} is of image ${image_id}, which is not listed`);
    return image;
  };
  const regionOf = (entry: MaskEntry, image: ImageEntry, path: string): CorrectedRegion => {
    const category = categories.get(entry.category_id);
    if (category === undefined) {
      throw fail(`${path} is of category ${entry.category_id}, which is not listed`);
    }
    const fault = rleFault(entry.segmentation, image);
    if (fault !== null) throw fail(`${path}.segmentation: ${fault}`);
    return { category: category.name, rle: entry.segmentation };
  };

  const versions = new Map<number, Correction[]>();
  document.corrections.forEach(({ image_id, annotations, ...entry }, i) => {
    const path = `corrections[${i}]`;
    const image = imageOf({ image_id }, path);
    const all = versions.get(image_id) ?? [];
    const { revision, previous, annotator, time, source, model } = entry;
    if (revision !== all.length) {
      const what = revision < all.length ? "occurs twice" : `follows ${all.length - 1}`;
      throw fail(`${path}: revision ${revision} of image ${image_id} ${what}, expected ${all.length}`);
    }
    if (previous !== (revision === 0 ? null : revision - 1)) {
      throw fail(`${path}: the revision before ${revision} cannot be ${previous}`);
    }
    if ((annotator === null) !== (revision === 0)) {
      throw fail(`${path}: revision ${revision} has ${annotator === null ? "no" : "an"} annotator`);
    }
    const regions = annotations.map((each, j) => regionOf(each, image, `${path}.annotations[${j}]`));
    all.push({ revision, record: i, annotator, time, source, model, previous, regions });
    versions.set(image_id, all);
  });

  const current = new Map<number, CorrectedRegion[]>();
  document.annotations.forEach((entry, i) => {
    const path = `annotations[${i}]`;
    const region = regionOf(entry, imageOf(entry, path), path);
    const newest = (versions.get(entry.image_id)?.length ?? 0) - 1;
    if (entry.revision !== newest) {
      throw fail(`${path} is of revision ${entry.revision}, the newest of its image is ${newest}`);
    }
    if (!current.get(entry.image_id)?.push(region)) current.set(entry.image_id, [region]);
  });
  return {
    categories: document.categories,
    records: document.corrections.length,
    images: document.images.map(({ id, split, file_name: fileName, width, height, sha256 }, i) => {
      const corrections = versions.get(id) ?? [];
      if (corrections.length < 2) throw fail(`images[${i}] has no correction`);
      if (textOf(corrections.at(-1)!.regions) !== textOf(current.get(id) ?? [])) {
        throw fail(`the annotations of images[${i}] are not those of its newest correction`);
      }
      return { id, split, fileName, width, height, sha256, corrections };
    }),
  };
}

/** Equal for the same masks; the order of keys in the file says nothing. */
function textOf(regions: readonly CorrectedRegion[]): string {
  return JSON.stringify(regions.map(({ category, rle }) => [category, rle.counts]));
}

/** The entries by a field that no two share. */
function byUnique<Entry, Key extends keyof Entry & string>(
  entries: readonly Entry[],
  list: string,
  key: Key,
  fail: (fault: string) => Error,
): Map<Entry[Key], Entry> {
  const map = new Map<Entry[Key], Entry>();
  entries.forEach((entry, i) => {
    if (map.has(entry[key])) throw fail(`${list}[${i}]: ${key} ${showValue(entry[key])} occurs twice`);
    map.set(entry[key], entry);
  });
  return map;
}

/** Why an RLE is none of an image of this size; null if it is one. */
export function rleFault(rle: unknown, { width, height }: Size): string | null {
  if (!isRecord(rle)) return `expected an RLE, got ${showValue(rle)}`;
  const { size, counts } = rle;
  if (!Array.isArray(size) || size.length !== 2 || size[0] !== height || size[1] !== width) {
    return `its size is ${showValue(size)}, that of the image is [${height}, ${width}]`;
  }
  // No mask needs more: a longer text is all runs of nothing.
  if ((counts as string | unknown[] | undefined)?.length! > 8 * (width * height + 2)) {
    return "it has more runs than the image has pixels";
  }
  try {
    rleRuns(counts, width * height);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** An RLE in the compressed form that COCO's own code writes of the same mask, and its run lengths. */
export function canonicalRle(rle: Rle): { rle: Rle & { readonly counts: string }; runs: readonly number[] } {
  const [height, width] = rle.size;
  const list = new RunList();
  let end = 0;
  rleRuns(rle.counts, width * height).forEach((run, i) => {
    if (i % 2 === 1 && run > 0) list.add(end, end + run);
    end += run;
  });
  const runs = list.finish(width * height);
  return { rle: { size: [height, width], counts: formatRuns(runs) }, runs };
}

/** Whether a value can be a name in a corrections file. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_NAME && value.trim() !== "";
}

/** Whether a value is a SHA-256 in hexadecimal digits. */
export function isHash(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** Whether a value names a folder within another. */
export function isFolderName(value: unknown): boolean {
  return isName(value) && safeFileName(value) === value && !value.includes("/");
}

/** Whether a value is a time with its zone. */
export function isTime(value: unknown): boolean {
  return typeof value === "string" &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value) &&
    !Number.isNaN(Date.parse(value));
}

function isCounts(): Shape {
  return valueOf("a text or a list of numbers", (value) => typeof value === "string" || Array.isArray(value));
}
