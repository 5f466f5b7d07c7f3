/**
 * COCO annotation files: images, annotations, categories, and each image's mask.
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
 * What an image's annotations are worth: `annotated` has at least one that can be drawn, `unannotated` has
 * none at all (free of tumors, or merely not labelled), `unusable` has only ones that cannot be drawn. An
 * unusable image must not pass for an empty one.
 */
export type ImageState = "annotated" | "unannotated" | "unusable";

/** A COCO annotation file, read and checked. */
export class CocoDataset {
  /** The usable images, in the file's order. */
  readonly images: readonly CocoImage[];
  /** Every file name in the file, also of images that are left out. */
  readonly fileNames: ReadonlySet<string>;
  /** The annotations of usable images that can be drawn at least in part, in the file's order. */
  readonly annotations: readonly CocoAnnotation[];
  /** The categories, in the file's order. */
  readonly categories: readonly CocoCategory[];
  /** Everything wrong in the file. */
  readonly problems: readonly Problem[];
  readonly #images: ReadonlyMap<number, CocoImage>;
  readonly #annotations = new Map<number, CocoAnnotation[]>();
  readonly #refused: ReadonlySet<number>;

  /** Made by {@linkcode readCoco}; `refused` are the images of which some annotation was left out. */
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

  /** The image of this id; throws a RangeError if there is none. */
  image(imageId: number): CocoImage {
    const image = this.#images.get(imageId);
    if (image === undefined) {
      throw new RangeError(`Cannot find image ${imageId}: the dataset has none of this id`);
    }
    return image;
  }

  /** The annotations of an image that can be drawn; none for an unknown id. */
  annotationsOf(imageId: number): readonly CocoAnnotation[] {
    return this.#annotations.get(imageId) ?? [];
  }

  /** Whether the image has annotations, and whether they can be drawn. */
  state(imageId: number): ImageState {
    if (this.#annotations.has(imageId)) return "annotated";
    return this.#refused.has(imageId) ? "unusable" : "unannotated";
  }

  /** The image's mask: the maximum over its annotations, empty where it has none. Throws a RangeError for an unknown id. */
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
 * Reads a COCO annotation file's text. What is wrong in single entries is collected in `problems` and left out
 * (or used as it stands, where the problem says so); with `strict` any problem is an Error. `name` is what
 * messages call the file.
 *
 * Throws a SyntaxError with line and column for a text that is no JSON, and a TypeError where it is none of COCO's.
 */
export function readCoco(json: string, options: { strict?: boolean; name?: string } = {}): CocoDataset {
  const name = options.name ?? "the COCO annotations";
  const root = parseJson(json, name);
  if (!isEntry(root)) throw new TypeError(`Cannot read ${name}: ${showValue(root)} is no object`);
  const list = (key: string, needed: boolean): readonly unknown[] => {
    const value = root[key];
    if (Array.isArray(value)) return value;
    if (needed || value !== undefined) {
      throw new TypeError(`Cannot read ${name}: "${key}" is ${showValue(value)}, no list`);
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
