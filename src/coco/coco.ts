/**
 * COCO annotations: images, annotations, categories, and the mask of each image.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { createMask, type Mask } from "../image/mask.ts";
import {
  type CocoAnnotation,
  type CocoCategory,
  type CocoImage,
  type Images,
  isEntry,
  readAnnotations,
  readCategories,
  readImages,
} from "./coco_entries.ts";
import { parseJson } from "./json.ts";
import { type Problem, refuseProblems, showValue } from "./problems.ts";
import { checkSegmentation, fillSegmentation } from "./segmentation.ts";

export type { CocoAnnotation, CocoCategory, CocoImage } from "./coco_entries.ts";

/**
 * What an image's annotations amount to: `annotated` has at least one that can be drawn, `unannotated` has none
 * (nothing to annotate, or merely not labeled yet), `unusable` has only ones that cannot be drawn. An unusable image
 * must not be taken for an empty one.
 */
export type ImageState = "annotated" | "unannotated" | "unusable";

/** A COCO annotation file, parsed and checked. */
export class CocoDataset {
  /** The usable images, in the file's order. */
  readonly images: readonly CocoImage[];
  /** Every file name in the file, including those of skipped images. */
  readonly fileNames: ReadonlySet<string>;
  /** The annotations of usable images that can be drawn at least partly, in the file's order. */
  readonly annotations: readonly CocoAnnotation[];
  /** The categories, in the file's order. */
  readonly categories: readonly CocoCategory[];
  /** Every problem of the file. */
  readonly problems: readonly Problem[];
  readonly #images: ReadonlyMap<number, CocoImage>;
  readonly #annotations = new Map<number, CocoAnnotation[]>();
  readonly #refused: ReadonlySet<number>;

  /** Created by {@linkcode readCoco}; `refused` are the images that lost an annotation. */
  constructor(parts: {
    images: Images;
    annotations: readonly CocoAnnotation[];
    categories: readonly CocoCategory[];
    problems: readonly Problem[];
    refused: ReadonlySet<number>;
  }) {
    this.images = [...parts.images.usable.values()];
    this.fileNames = parts.images.fileNames;
    this.annotations = parts.annotations;
    this.categories = parts.categories;
    this.problems = parts.problems;
    this.#images = parts.images.usable;
    this.#refused = parts.refused;
    for (const annotation of parts.annotations) {
      const list = this.#annotations.get(annotation.imageId);
      if (list === undefined) this.#annotations.set(annotation.imageId, [annotation]);
      else list.push(annotation);
    }
  }

  /** The image with this id; throws a RangeError if there is none. */
  image(imageId: number): CocoImage {
    const image = this.#images.get(imageId);
    if (image === undefined) {
      throw new RangeError(`Cannot find image ${imageId}: the dataset has no image with this id`);
    }
    return image;
  }

  /** The drawable annotations of an image; empty for an unknown id. */
  annotationsOf(imageId: number): readonly CocoAnnotation[] {
    return this.#annotations.get(imageId) ?? [];
  }

  /** Whether the image has annotations, and whether they can be drawn. */
  state(imageId: number): ImageState {
    if (this.#annotations.has(imageId)) return "annotated";
    return this.#refused.has(imageId) ? "unusable" : "unannotated";
  }

  /** The union of the image's annotations; empty if it has none. Throws a RangeError for an unknown id. */
  mask(imageId: number): Mask {
    const image = this.image(imageId);
    const mask = createMask(image);
    for (const annotation of this.annotationsOf(imageId)) {
      fillSegmentation(mask, checkSegmentation(annotation.segmentation, image));
    }
    return mask;
  }
}

/**
 * Parses the text of a COCO annotation file. Invalid entries are listed in `problems` and skipped (or kept, if the
 * problem says so); with `strict`, any problem is an Error. `name` is the file's name in messages.
 *
 * Throws a SyntaxError with line and column if the text is not JSON, and a TypeError if it is not COCO's format.
 */
export function readCoco(json: string, options: { strict?: boolean; name?: string } = {}): CocoDataset {
  const name = options.name ?? "the COCO annotations";
  const root = parseJson(json, name);
  if (!isEntry(root)) throw new TypeError(`Cannot read ${name}: expected an object, got ${showValue(root)}`);
  const list = (key: string, needed: boolean): readonly unknown[] => {
    const value = root[key];
    if (Array.isArray(value)) return value;
    if (needed || value !== undefined) {
      throw new TypeError(`Cannot read ${name}: expected a list "${key}", got ${showValue(value)}`);
    }
    problems.push({ kind: "no-list", id: null, message: `the file has no "${key}"`, effect: "kept" });
    return [];
  };
  const problems: Problem[] = [];
  const images = readImages(list("images", true), problems);
  const categories = readCategories(list("categories", false), problems);
  const { annotations, refused } = readAnnotations(list("annotations", false), images, categories, problems);
  if (options.strict) refuseProblems(name, problems);
  return new CocoDataset({ images, annotations, categories, problems, refused });
}
