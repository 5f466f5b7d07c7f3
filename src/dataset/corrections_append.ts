/**
 * What saving a corrected mask does to a corrections file.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { showValue } from "../coco/problems.ts";
import { type Rle, runsCoverage } from "../coco/rle.ts";
import { assertImageSize } from "../image/limits.ts";
import {
  canonicalRle,
  type CorrectedImage,
  type CorrectedRegion,
  type CorrectionImage,
  type Corrections,
  type CorrectionsDocument,
  type CorrectionSource,
  isFolderName,
  isHash,
  isName,
  isTime,
  rleFault,
} from "./corrections_format.ts";
import { safeFileName } from "../coco/coco_images.ts";

/** The masks of an image as somebody corrected them. */
export interface CorrectionRecord {
  /** The image. */
  readonly image: CorrectionImage;
  /** Who corrected, as typed. */
  readonly annotator: string;
  /** When, as ISO 8601; defaults to now. */
  readonly time?: string;
  /** What the correction was made from. */
  readonly source: CorrectionSource;
  /** The SHA-256 of the model whose prediction it was made from; null for none. */
  readonly model: string | null;
  /** The newest revision that the annotator saw; null if the image had no correction. */
  readonly base: number | null;
  /** The masks before the first correction, which become revision 0; needed if `base` is null. */
  readonly before?: Before;
  /** The corrected masks, any number per category; none if nothing is to be seen in the image. */
  readonly regions: readonly CorrectedRegion[];
}

/** The masks before the first correction. */
export interface Before {
  /** What they are: the dataset's annotation, a prediction, or nothing. */
  readonly source: CorrectionSource;
  /** The SHA-256 of the model that predicted them; null for none. */
  readonly model: string | null;
  /** The masks. */
  readonly regions: readonly CorrectedRegion[];
}

/** Thrown if somebody saved the image in the meantime. */
export class CorrectionConflict extends Error {
  /** The newest revision of the image; null if it has no correction. */
  readonly revision: number | null;

  /** `revision` is the newest one, `base` the one that the correction was made from. */
  constructor(file: string, revision: number | null, base: number | null) {
    const show = (value: number | null) => value === null ? "none" : `${value}`;
    super(
      `Cannot save a correction of ${showValue(file)}: it was made from revision ${show(base)}, ` +
        `the newest is ${show(revision)}\nhint: look at the newest one, and correct that`,
    );
    this.name = "CorrectionConflict";
    this.revision = revision;
  }
}

/** The categories of a document as it grows. */
type Categories = { readonly id: number; readonly name: string }[];

/**
 * The document with one more version of an image, and its number. Versions that it holds stay as they are.
 *
 * @throws {TypeError} for a record of the wrong kind: an RLE of another size, a name that is none
 * @throws {RangeError} for an image that has changed since it was first corrected
 * @throws {CorrectionConflict} if the image has another newest revision than `base`
 */
export function addCorrection(
  { document, content }: { readonly document: CorrectionsDocument; readonly content: Corrections },
  record: CorrectionRecord,
): { document: CorrectionsDocument; revision: number } {
  checkRecord(record);
  const { image, annotator, source, model, base, before, regions } = record;
  const { split, fileName, width, height, sha256 } = image;
  const file = `${split}/${fileName}`;
  const known = content.images.find((each) => each.split === split && each.fileName === fileName);
  if (known !== undefined) refuseChanged(known, image, file);
  const newest = known === undefined ? null : known.corrections.length - 1;
  if (newest !== base) throw new CorrectionConflict(file, newest, base);

  const categories: Categories = [...document.categories];
  const idOf = (name: string): number => {
    const found = categories.find((category) => category.name === name);
    if (found !== undefined) return found.id;
    const id = nextId(categories);
    categories.push({ id, name });
    return id;
  };
  const masksOf = (regions: readonly CorrectedRegion[]) =>
    regions.flatMap(({ category, rle }) => {
      const { rle: segmentation, runs } = canonicalRle(rle);
      const { pixels, left, top, right, bottom } = runsCoverage(runs, height);
      // A mask without a pixel says no more than none.
      if (pixels === 0) return [];
      const bbox = [left, top, right - left, bottom - top];
      return [{ category_id: idOf(category), segmentation, area: pixels, bbox }];
    });
  const versionOf = (
    revision: number,
    masks: readonly { readonly category_id: number; readonly segmentation: Rle }[],
    made: Pick<CorrectionsDocument["corrections"][number], "annotator" | "source" | "model">,
  ) => ({
    revision,
    image_id: id,
    annotator: made.annotator,
    time,
    source: made.source,
    model: made.model,
    previous: revision === 0 ? null : revision - 1,
    annotations: masks.map(({ category_id, segmentation }) => ({ category_id, segmentation })),
  });

  const id = known?.id ?? nextId(document.images);
  const time = record.time ?? new Date().toISOString();
  const revision = (newest ?? 0) + 1;
  const first = known === undefined
    ? [versionOf(0, masksOf(before!.regions), {
      annotator: null,
      source: before!.source,
      model: before!.model,
    })]
    : [];
  const masks = masksOf(regions);
  const nextAnnotation = nextId(document.annotations);
  return {
    revision,
    document: {
      ...document,
      images: known === undefined
        ? [...document.images, { id, file_name: fileName, split, width, height, sha256 }]
        : document.images,
      categories,
      annotations: [
        ...document.annotations.filter(({ image_id }) => image_id !== id),
        ...masks.map(({ category_id, segmentation, area, bbox }, i) => ({
          id: nextAnnotation + i,
          image_id: id,
          category_id,
          segmentation,
          area,
          bbox,
          iscrowd: 0,
          revision,
        })),
      ],
      corrections: [
        ...document.corrections,
        ...first,
        versionOf(revision, masks, { annotator, source, model }),
      ],
    },
  };
}

/** An id above all others, so that none is ever used again for something else. */
function nextId(entries: readonly { readonly id: number }[]): number {
  return entries.reduce((most, { id }) => Math.max(most, id), 0) + 1;
}

function refuseChanged(known: CorrectedImage, image: CorrectionImage, file: string): void {
  const { sha256, width, height } = known;
  if (sha256 === image.sha256 && width === image.width && height === image.height) return;
  throw new RangeError(
    `Cannot save a correction of ${showValue(file)}: the image is not the one that was corrected before\n` +
      "hint: restore the image, or save to another corrections file",
  );
}

function checkRecord(
  { image, annotator, time, source, model, base, before, regions }: CorrectionRecord,
): void {
  const action = "Cannot save a correction";
  const check = (is: boolean, what: string, value: unknown, expected: string) => {
    if (!is) throw new TypeError(`${action} with ${what} ${showValue(value)}: expected ${expected}`);
  };
  check(isFolderName(image.split), "split", image.split, "the name of a folder");
  const { fileName } = image;
  check(isName(fileName) && safeFileName(fileName) === fileName, "file name", fileName, "a path within it");
  assertImageSize("corrected", image.width, image.height);
  check(isHash(image.sha256), "sha256", image.sha256, "64 lower-case hexadecimal digits");
  check(isName(annotator), "annotator", annotator, "a name");
  check(time === undefined || isTime(time), "time", time, "a time as ISO 8601 writes it, with its zone");
  check(base === null || Number.isSafeInteger(base), "base", base, "a revision or null");
  if (base === null) check(before !== undefined, "masks before it", before, "those that the image had");
  for (const made of [{ source, model, regions }, ...(before === undefined ? [] : [before])]) {
    const isKnown = ["prediction", "annotation", "empty"].includes(made.source);
    check(isKnown, "source", made.source, "prediction, annotation or empty");
    check(made.model === null || isHash(made.model), "model", made.model, "its SHA-256 or null");
    check(Array.isArray(made.regions), "regions", made.regions, "a list");
    made.regions.forEach(({ category, rle }, i) => {
      check(isName(category), `category of region ${i + 1}`, category, "a name");
      const fault = rleFault(rle, image);
      if (fault !== null) throw new TypeError(`${action}: region ${i + 1}: ${fault}`);
    });
  }
}
