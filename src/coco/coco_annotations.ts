/**
 * The annotation and category entries of a COCO annotation file: which image each belongs to, and whether it can be used.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Images, isEntry } from "./coco_images.ts";
import { type CocoId, ID_FORM, keyOf, readId } from "./ids.ts";
import { outlineFault } from "./outline_check.ts";
import type { CrossingBudget } from "./polygon.ts";
import { type Problem, type ProblemKind, showValue } from "./problems.ts";
import { checkSegmentation, type CocoSegmentation, type Fault, isDrawable } from "./segmentation.ts";
import type { SegmentationStore, StoredSegmentation } from "./segmentation_store.ts";

/** An annotated region of an image. */
export interface CocoAnnotation {
  /** Its id in the file, or null if it has none. */
  readonly id: CocoId | null;
  /** The id of its image. */
  readonly imageId: CocoId;
  /** The id of its category, or null if it has none. */
  readonly categoryId: CocoId | null;
  /** Whether it is a crowd (`iscrowd`); masks include crowds like all others. */
  readonly crowd: boolean;
  /** The segmentation as stored in the file. */
  readonly segmentation: CocoSegmentation;
}

/** A category of annotations. */
export interface CocoCategory {
  /** Its id in the file. */
  readonly id: CocoId;
  /** Its name. */
  readonly name: string;
}

/** Checks the category entries, by {@linkcode keyOf} their ids; problems are appended to `problems`. */
export function readCategories(entries: readonly unknown[], problems: Problem[]): Map<string, CocoCategory> {
  const categories = new Map<string, CocoCategory>();
  entries.forEach((entry, index) => {
    const value = isEntry(entry) ? entry.id : entry;
    const read = readId(value);
    if (!isEntry(entry) || read === null) {
      const message = `category entry ${index + 1}: its id is ${showValue(value)}; ${ID_FORM}`;
      problems.push({ kind: "bad-entry", id: null, message, effect: "skipped" });
    } else if (categories.has(read.key)) {
      const message = `category ${showValue(value)}: the id occurs twice, the first entry is used`;
      problems.push({ kind: "duplicate-id", id: read.id, message, effect: "skipped" });
    } else {
      categories.set(read.key, { id: read.id, name: typeof entry.name === "string" ? entry.name : "" });
    }
  });
  return categories;
}

/** The annotations of a file. */
export interface Annotations {
  /** Those that can be drawn at least partly, in the file's order. */
  readonly usable: readonly CocoAnnotation[];
  /** The images with an annotation that covers something, where it says it does. */
  readonly covered: ReadonlySet<CocoId>;
  /** The images of which an annotation, or a part of one, is not drawn. */
  readonly lost: ReadonlySet<CocoId>;
  /** The images of which no annotation is trusted, since one is not where it says it is. */
  readonly misplaced: ReadonlySet<CocoId>;
  /** How many belong to no listed image: each may be of any. */
  readonly unattributed: number;
}

/** Checks annotation entries, one after the other. */
export interface AnnotationReader {
  /** Checks the next entry; problems are appended to those of the file. */
  add(entry: unknown): void;
  /** What all entries amount to. */
  finish(): Annotations;
}

/** How annotations are read. */
export interface AnnotationOptions {
  /** Crossings that are counted exactly; defaults to any number. */
  readonly budget?: CrossingBudget;
  /** Where segmentations are kept; by default each stays the list or RLE that it is. */
  readonly store?: SegmentationStore;
  /** As in `CocoOptions`. */
  readonly emptyMasks?: boolean;
}

/** A reader of the annotation entries of a file; problems are appended to `problems`. */
export function annotationReader(
  images: Images,
  categories: ReadonlyMap<string, CocoCategory>,
  problems: Problem[],
  { budget, store, emptyMasks = false }: AnnotationOptions = {},
): AnnotationReader {
  const usable: CocoAnnotation[] = [];
  const covered = new Set<CocoId>();
  const lost = new Set<CocoId>();
  const misplaced = new Set<CocoId>();
  let unattributed = 0;
  let count = 0;
  const ids = new Set<CocoId>();
  const add = (entry: unknown) => {
    count++;
    if (!isEntry(entry)) {
      const message = `annotation entry ${count} is ${showValue(entry)}, not an object`;
      problems.push({ kind: "bad-entry", id: null, message, effect: "skipped" });
      unattributed++;
      return;
    }
    const id = readId(entry.id)?.id ?? null;
    const name = id === null ? `annotation entry ${count}` : `annotation ${showValue(entry.id)}`;
    const report = (kind: ProblemKind, reason: string, effect: Problem["effect"]) => {
      problems.push({ kind, id, message: `${name}: ${reason}`, effect });
    };
    const imageId = showValue(entry.image_id);
    const image = images.byKey.get(keyOf(entry.image_id) ?? "");
    if (image === null) return report("unknown-image", `its image ${imageId} is skipped`, "skipped");
    if (image === undefined) {
      unattributed++;
      const read = readId(entry.image_id);
      const likely = read === null ? null : images.byId.get(read.id) ?? null;
      if (likely !== null) lost.add(likely.id);
      return report("unknown-image", unknownImage(imageId, read !== null, likely !== null), "skipped");
    }
    if (id === null) report("bad-entry", `its id is ${showValue(entry.id)}; ${ID_FORM}`, "kept");
    else if (ids.has(id)) report("duplicate-id", "the id occurs twice, both are used", "kept");
    else ids.add(id);
    const category = categories.get(keyOf(entry.category_id) ?? "");
    if (category === undefined) {
      report("unknown-category", `its category ${showValue(entry.category_id)} is not listed`, "kept");
    }
    const checked = checkSegmentation(entry.segmentation, image);
    reportFaults(checked.faults, imageId, report);
    if (checked.faults.some(({ kept }) => !kept)) lost.add(image.id);
    if (!isDrawable(checked)) return;
    const found = outlineFault(checked, entry, image, budget);
    const fault = emptyMasks && found?.isEmptyMask ? null : found;
    if (fault !== null) report(fault.kind, `${fault.message} (image ${imageId})`, "skipped");
    (fault === null ? covered : fault.ofImage ? misplaced : lost).add(image.id);
    const segmentation = entry.segmentation as CocoSegmentation;
    const parts = {
      id,
      imageId: image.id,
      categoryId: readId(entry.category_id)?.id ?? null,
      crowd: entry.iscrowd === 1 || entry.iscrowd === true,
    };
    usable.push(
      store === undefined ? { ...parts, segmentation } : new StoredAnnotation(parts, segmentation, store),
    );
  };
  return { add, finish: () => ({ usable, covered, lost, misplaced, unattributed }) };
}

/** An annotation whose segmentation is read from a store on every access. */
class StoredAnnotation implements CocoAnnotation {
  readonly id: CocoId | null;
  readonly imageId: CocoId;
  readonly categoryId: CocoId | null;
  readonly crowd: boolean;
  readonly #store: SegmentationStore;
  readonly #stored: StoredSegmentation;

  constructor(
    { id, imageId, categoryId, crowd }: Omit<CocoAnnotation, "segmentation">,
    segmentation: CocoSegmentation,
    store: SegmentationStore,
  ) {
    this.id = id;
    this.imageId = imageId;
    this.categoryId = categoryId;
    this.crowd = crowd;
    this.#store = store;
    this.#stored = store.add(segmentation);
  }

  get segmentation(): CocoSegmentation {
    return this.#store.get(this.#stored);
  }
}

function unknownImage(imageId: string, isId: boolean, likely: boolean): string {
  if (!isId) return `its image_id is ${imageId}; ${ID_FORM}`;
  if (!likely) return `its image ${imageId} is not listed`;
  const [here, there] = imageId.startsWith('"') ? ["a string", "a number"] : ["a number", "a string"];
  return `its image_id ${imageId} is ${here}, the id of that image ${there}: they do not match`;
}

/** One problem for all faults of an annotation. */
function reportFaults(
  faults: readonly Fault[],
  imageId: string,
  report: (kind: ProblemKind, reason: string, effect: Problem["effect"]) => void,
): void {
  const fault = faults.find(({ kept }) => !kept) ?? faults[0];
  if (fault === undefined) return;
  const more = faults.length > 1 ? `, and ${faults.length - 1} more of its polygons are invalid` : "";
  report(fault.kind, `${fault.message}${more} (image ${imageId})`, fault.kept ? "kept" : "skipped");
}
