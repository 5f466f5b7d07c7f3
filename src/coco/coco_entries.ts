/**
 * The entries of a COCO annotation file, checked one by one: invalid ones are listed and skipped.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { labelSizeFault } from "../image/label_map.ts";
import { type Problem, type ProblemKind, showValue } from "./problems.ts";
import { checkSegmentation, type CocoSegmentation, isDrawable } from "./segmentation.ts";

/** An image that an annotation file lists. */
export interface CocoImage {
  /** Its id in the file. */
  readonly id: number;
  /** Path of the image, relative to the folder of the annotation file, with `/`. */
  readonly fileName: string;
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** An annotated region of an image. */
export interface CocoAnnotation {
  /** Its id in the file, or null if it has none. */
  readonly id: number | null;
  /** The id of its image. */
  readonly imageId: number;
  /** The id of its category, or null if it has none. */
  readonly categoryId: number | null;
  /** Whether it is a crowd (`iscrowd`); masks include crowds like all others. */
  readonly crowd: boolean;
  /** The segmentation as stored in the file. */
  readonly segmentation: CocoSegmentation;
}

/** A category of annotations. */
export interface CocoCategory {
  /** Its id in the file. */
  readonly id: number;
  /** Its name. */
  readonly name: string;
}

/** An object in the file. */
export type Entry = { readonly [key: string]: unknown };

/** The images of a file. */
export interface Images {
  /** Those with a valid id, file name and size, by id. */
  readonly usable: Map<number, CocoImage>;
  /** The ids of skipped images; their annotations are skipped with them. */
  readonly skipped: Set<number>;
  /** The file names of both. */
  readonly fileNames: Set<string>;
}

/** Whether a value of the file is an object. */
export function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** Checks the image entries; problems are appended to `problems`. */
export function readImages(entries: readonly unknown[], problems: Problem[]): Images {
  const usable = new Map<number, CocoImage>();
  const skipped = new Set<number>();
  const fileNames = new Set<string>();
  entries.forEach((entry, index) => {
    if (!isEntry(entry) || !isId(entry.id)) {
      const message = `image entry ${index + 1}: its id is ${showValue(isEntry(entry) ? entry.id : entry)}`;
      problems.push({ kind: "bad-entry", id: null, message, effect: "skipped" });
      return;
    }
    const { id, width, height } = entry;
    const skip = (kind: ProblemKind, reason: string) => {
      skipped.add(id);
      problems.push({ kind, id, message: `image ${id}: ${reason}`, effect: "skipped" });
    };
    if (usable.has(id) || skipped.has(id)) {
      const message = `image ${id}: the id occurs twice, the first entry is used`;
      problems.push({ kind: "duplicate-id", id, message, effect: "skipped" });
      return;
    }
    const fileName = safeFileName(entry.file_name);
    if (fileName === null) return skip("bad-file-name", `invalid file name ${showValue(entry.file_name)}`);
    if (fileNames.has(fileName)) {
      return skip("duplicate-file", `another image has the file name ${showValue(fileName)}`);
    }
    fileNames.add(fileName);
    const fault = labelSizeFault(width, height);
    if (fault !== null) {
      return skip("bad-size", `its size is ${showValue(width)} x ${showValue(height)}: ${fault}`);
    }
    usable.set(id, { id, fileName, width: width as number, height: height as number });
  });
  return { usable, skipped, fileNames };
}

/** A path within the folder, with `/` as separator; null for any other. */
function safeFileName(name: unknown): string | null {
  if (typeof name !== "string" || name === "" || name.includes("\0")) return null;
  const parts = name.replaceAll("\\", "/").split("/").filter((part) => part !== ".");
  const leads = parts.some((part) => part === "" || part === "..") || /^[A-Za-z]:/.test(name);
  return leads || parts.length === 0 ? null : parts.join("/");
}

/** Checks the category entries; problems are appended to `problems`. */
export function readCategories(entries: readonly unknown[], problems: Problem[]): CocoCategory[] {
  const categories = new Map<number, CocoCategory>();
  entries.forEach((entry, index) => {
    if (!isEntry(entry) || !isId(entry.id)) {
      const message = `category entry ${index + 1}: its id is ${
        showValue(isEntry(entry) ? entry.id : entry)
      }`;
      problems.push({ kind: "bad-entry", id: null, message, effect: "skipped" });
    } else if (categories.has(entry.id)) {
      const message = `category ${entry.id}: the id occurs twice, the first entry is used`;
      problems.push({ kind: "duplicate-id", id: entry.id, message, effect: "skipped" });
    } else {
      categories.set(entry.id, { id: entry.id, name: typeof entry.name === "string" ? entry.name : "" });
    }
  });
  return [...categories.values()];
}

/**
 * Checks the annotation entries: returns those that can be drawn, and the images (`refused`) of those that cannot.
 * Problems are appended to `problems`.
 */
export function readAnnotations(
  entries: readonly unknown[],
  images: Images,
  categories: readonly CocoCategory[],
  problems: Problem[],
): { annotations: CocoAnnotation[]; refused: Set<number> } {
  const annotations: CocoAnnotation[] = [];
  const refused = new Set<number>();
  const ids = new Set<number>();
  const known = new Set(categories.map((category) => category.id));
  entries.forEach((entry, index) => {
    if (!isEntry(entry)) {
      const message = `annotation entry ${index + 1} is ${showValue(entry)}, not an object`;
      problems.push({ kind: "bad-entry", id: null, message, effect: "skipped" });
      return;
    }
    const id = isId(entry.id) ? entry.id : null;
    const name = id === null ? `annotation entry ${index + 1}` : `annotation ${id}`;
    const report = (kind: ProblemKind, reason: string, effect: Problem["effect"]) => {
      problems.push({ kind, id, message: `${name}: ${reason}`, effect });
    };
    const image = isId(entry.image_id) ? images.usable.get(entry.image_id) : undefined;
    if (image === undefined) {
      const reason = images.skipped.has(entry.image_id as number) ? "skipped" : "not listed";
      return report("unknown-image", `its image ${showValue(entry.image_id)} is ${reason}`, "skipped");
    }
    if (id === null) report("bad-entry", `its id is ${showValue(entry.id)}`, "kept");
    else if (ids.has(id)) report("duplicate-id", "the id occurs twice, both are used", "kept");
    else ids.add(id);
    const categoryId = isId(entry.category_id) ? entry.category_id : null;
    if (categoryId === null || !known.has(categoryId)) {
      report("unknown-category", `its category ${showValue(entry.category_id)} is not listed`, "kept");
    }
    const checked = checkSegmentation(entry.segmentation, image);
    for (const fault of checked.faults) {
      report(fault.kind, `${fault.message} (image ${image.id})`, fault.kept ? "kept" : "skipped");
    }
    if (!isDrawable(checked)) {
      refused.add(image.id);
      return;
    }
    annotations.push({
      id,
      imageId: image.id,
      categoryId,
      crowd: entry.iscrowd === 1 || entry.iscrowd === true,
      segmentation: entry.segmentation as CocoSegmentation,
    });
  });
  return { annotations, refused };
}
