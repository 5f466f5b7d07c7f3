/**
 * COCO annotations: images, annotations, categories, and the mask of each image.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { composeLabels, type ComposeOptions } from "../image/compose_labels.ts";
import type { LabelMap } from "../image/label_map.ts";
import { createMask, type Mask } from "../image/mask.ts";
import {
  type AnnotationReader,
  annotationReader,
  type Annotations,
  type CocoAnnotation,
  type CocoCategory,
  readCategories,
} from "./coco_annotations.ts";
import { type CocoImage, type Entry, type Images, isEntry, readImages } from "./coco_images.ts";
import { type CocoId, parseCoco } from "./ids.ts";
import { type Problem, refuseProblems, showValue } from "./problems.ts";
import { checkSegmentation, fillSegmentation } from "./segmentation.ts";
import type { SegmentationStore } from "./segmentation_store.ts";

export type { CocoAnnotation, CocoCategory } from "./coco_annotations.ts";
export type { CocoImage } from "./coco_images.ts";
export type { CocoId } from "./ids.ts";

/**
 * What an image's annotations amount to. Only `unannotated` may be taken for background only, if nothing to annotate
 * is meant rather than not labeled yet:
 *
 * - `annotated`: it has at least one that can be drawn, and none that is misplaced;
 * - `unannotated`: it has none;
 * - `unusable`: it has some, but they cannot be drawn or trusted;
 * - `uncertain`: it has none of its own, but the file has annotations of unknown images, which may be its, or lacks
 *   the list of annotations.
 */
export type ImageState = "annotated" | "unannotated" | "unusable" | "uncertain";

/** How annotations become labels. */
export interface Labeling extends ComposeOptions {
  /**
   * The labels of the annotations of a category: one class, several, `IGNORE`, or none for background. Null is the
   * category of annotations that have none.
   */
  labelsOf(categoryId: CocoId | null): readonly number[];
}

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
  /** Why images without annotations are `uncertain`, for messages; null if they are not. */
  readonly uncertainty: string | null;
  readonly #byId: Images["byId"];
  readonly #annotations: ReadonlyMap<CocoId, readonly CocoAnnotation[]>;
  readonly #covered: ReadonlySet<CocoId>;
  readonly #lost: ReadonlySet<CocoId>;
  readonly #misplaced: ReadonlySet<CocoId>;

  /** Created by {@linkcode readCoco}. */
  constructor(parts: {
    images: Images;
    annotations: Annotations;
    categories: readonly CocoCategory[];
    problems: readonly Problem[];
    uncertainty: string | null;
  }) {
    const { images, annotations } = parts;
    this.images = images.usable;
    this.fileNames = images.fileNames;
    this.annotations = annotations.usable;
    this.categories = parts.categories;
    this.problems = parts.problems;
    this.uncertainty = parts.uncertainty;
    this.#byId = images.byId;
    this.#annotations = Map.groupBy(annotations.usable, ({ imageId }) => imageId);
    this.#covered = annotations.covered;
    this.#lost = annotations.lost;
    this.#misplaced = annotations.misplaced;
  }

  /** The image with this id; throws a RangeError if there is none. */
  image(imageId: CocoId): CocoImage {
    const image = this.#byId.get(imageId);
    if (image) return image;
    const reason = image === null ? "it is skipped" : "the dataset has no image with this id";
    throw new RangeError(`Cannot find image ${imageId}: ${reason}`);
  }

  /** The drawable annotations of an image; empty for an unknown id. */
  annotationsOf(imageId: CocoId): readonly CocoAnnotation[] {
    return this.#annotations.get(this.#byId.get(imageId)?.id ?? imageId) ?? [];
  }

  /** Whether the image has annotations, and whether they can be used. Throws a RangeError for an unknown id. */
  state(imageId: CocoId): ImageState {
    if (this.#byId.get(imageId) === null) return "unusable";
    const { id } = this.image(imageId);
    if (this.#misplaced.has(id)) return "unusable";
    if (this.#covered.has(id)) return "annotated";
    if (this.#lost.has(id)) return "unusable";
    return this.uncertainty === null ? "unannotated" : "uncertain";
  }

  /** Whether an annotated image has other annotations, or parts of them, that cannot be drawn. */
  isPartlyAnnotated(imageId: CocoId): boolean {
    return this.state(imageId) === "annotated" && this.#lost.has(this.image(imageId).id);
  }

  /**
   * The union of the image's annotations; empty if it has none. An empty mask means background only if the image's
   * {@linkcode CocoDataset.state} is `annotated` or `unannotated`. Throws a RangeError for an unknown id.
   */
  mask(imageId: CocoId): Mask {
    const image = this.image(imageId);
    const mask = createMask(image);
    for (const annotation of this.annotationsOf(imageId)) {
      fillSegmentation(mask, checkSegmentation(annotation.segmentation, image));
    }
    return mask;
  }

  /**
   * The image's label map: its annotations in the file's order, labeled by category. Of overlapping classes the later
   * annotation wins, unless `labeling` keeps them all; `ignore` wins over every class. Errors as
   * {@linkcode CocoDataset.mask}, and a RangeError if classes overlap in more ways than there are labels.
   */
  labelMap(imageId: CocoId, labeling: Labeling): LabelMap {
    const image = this.image(imageId);
    const regions = this.annotationsOf(imageId).map(({ categoryId, segmentation }) => ({
      labels: labeling.labelsOf(categoryId),
      fill: (map: LabelMap, label: number) =>
        fillSegmentation(map, checkSegmentation(segmentation, image), label),
    }));
    return composeLabels(image, regions, labeling);
  }
}

/** Crossings of outlines and pixel columns that are counted exactly in any file: a fraction of a second. */
const LEAST_CROSSINGS = 2 ** 22;

/** How a COCO file is read. */
export interface CocoOptions {
  /** Whether any problem is an Error. */
  readonly strict?: boolean;
  /** The file's name in messages. */
  readonly name?: string;
  /**
   * Whether images whose names leave the folder are kept, without the part that leads there; by default they are skipped.
   * For readers that look for the file and open no listed path.
   */
  readonly anyPath?: boolean;
  /**
   * Whether an RLE of zeros is a mask that was left empty on purpose, as CVAT writes it; by default it is a problem, and
   * does not tell that its image has no foreground.
   */
  readonly emptyMasks?: boolean;
}

/**
 * Parses the text of a COCO annotation file. Invalid entries are listed in `problems` and skipped (or kept, if the
 * problem says so); with `strict`, any problem is an Error. `name` is the file's name in messages.
 *
 * Throws a SyntaxError with line and column if the text is not JSON, and a TypeError if it is not COCO's format.
 */
export function readCoco(json: string, options: CocoOptions = {}): CocoDataset {
  const name = options.name ?? "the COCO annotations";
  const root = parseCoco(json, name);
  if (!isEntry(root)) throw new TypeError(`Cannot read ${name}: expected an object, got ${showValue(root)}`);
  const reader = new CocoReader(root, { ...options, name, byteLength: json.length });
  for (const entry of reader.annotations) reader.add(entry);
  return reader.finish();
}

/** Reads a COCO file of which everything but the entries of `annotations` is known; these are added one by one. */
export class CocoReader {
  /** The entries of `annotations` in the root object, which are yet to be added; none if they come from elsewhere. */
  readonly annotations: readonly unknown[];
  readonly #options: CocoOptions & { readonly name: string };
  readonly #problems: Problem[] = [];
  readonly #images: Images;
  readonly #categories: ReadonlyMap<string, CocoCategory>;
  readonly #reader: AnnotationReader;
  readonly #hasAnnotations: boolean;

  /** `byteLength` is the file's; throws a TypeError if the root object is not COCO's format. */
  constructor(
    root: Entry,
    options: CocoOptions & {
      readonly name: string;
      readonly byteLength: number;
      readonly store?: SegmentationStore;
    },
  ) {
    const problems = this.#problems;
    const list = (key: string, needed: boolean): readonly unknown[] => {
      const value = root[key];
      if (Array.isArray(value)) return value;
      if (needed || value !== undefined) {
        throw new TypeError(`Cannot read ${options.name}: expected a list "${key}", got ${showValue(value)}`);
      }
      problems.push({ kind: "no-list", id: null, message: `the file has no "${key}"`, effect: "kept" });
      return [];
    };
    this.#options = options;
    this.#images = readImages(list("images", true), problems, options);
    this.#categories = readCategories(list("categories", false), problems);
    this.annotations = list("annotations", false);
    this.#hasAnnotations = root.annotations !== undefined;
    this.#reader = annotationReader(this.#images, this.#categories, problems, {
      // In proportion to the text: a short outline can cross thousands of columns.
      budget: { crossings: Math.max(LEAST_CROSSINGS, options.byteLength) },
      ...options.store && { store: options.store },
      ...options.emptyMasks && { emptyMasks: true },
    });
  }

  /** Adds the next entry of `annotations`. */
  add(entry: unknown): void {
    this.#reader.add(entry);
  }

  /** The dataset; with `strict`, throws an Error if there is any problem. */
  finish(): CocoDataset {
    if (this.#options.strict) refuseProblems(this.#options.name, this.#problems);
    const annotations = this.#reader.finish();
    return new CocoDataset({
      images: this.#images,
      annotations,
      categories: [...this.#categories.values()],
      problems: this.#problems,
      uncertainty: this.#hasAnnotations
        ? describeUnattributed(annotations.unattributed)
        : 'its annotation file has no "annotations"',
    });
  }
}

function describeUnattributed(count: number): string | null {
  if (count === 0) return null;
  return count === 1
    ? "the image of 1 annotation is unknown"
    : `the images of ${count} annotations are unknown`;
}
