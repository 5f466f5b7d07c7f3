/**
 * The entries of a COCO annotation file, checked one by one: invalid ones are listed and skipped.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import { labelSizeFault } from "../image/label_map.ts";
import { type CocoId, ID_FORM, keyOf, readId } from "./ids.ts";
import { outlineFault } from "./outline_check.ts";
import type { CrossingBudget } from "./polygon.ts";
import { type Problem, type ProblemKind, showValue } from "./problems.ts";
import { checkSegmentation, type CocoSegmentation, type Fault, isDrawable } from "./segmentation.ts";

/** An image that an annotation file lists. */
export interface CocoImage {
  /** Its id in the file: a number, unless it is beyond 2^53. Of several entries of one file, that of the first. */
  readonly id: CocoId;
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

/** An object in the file. */
export type Entry = { readonly [key: string]: unknown };

/** The images of a file. */
export interface Images {
  /** Those that can be used, in the file's order. */
  readonly usable: readonly CocoImage[];
  /** The image of every id; null for those of skipped images. */
  readonly byId: ReadonlyMap<CocoId, CocoImage | null>;
  /** The same by what annotations refer to: {@linkcode keyOf} their `image_id`. */
  readonly byKey: ReadonlyMap<string, CocoImage | null>;
  /** The file names of all. */
  readonly fileNames: ReadonlySet<string>;
}

/** Whether a value of the file is an object. */
export function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An image entry on its own. */
interface ImageEntry {
  /** What messages call it, with the id as it stands in the file. */
  readonly label: string;
  readonly id: CocoId | null;
  readonly key: string | null;
  readonly fileName: string | null;
  readonly size: Size | null;
  readonly fault: ImageFault | null;
}

interface ImageFault {
  readonly kind: ProblemKind;
  readonly message: string;
}

/**
 * Checks the image entries; problems are appended to `problems`.
 *
 * Annotations must belong to one image. Entries of one file and one size are one image, with the annotations of them
 * all. If a file is listed with several sizes, or an id belongs to several files, none of these entries is used.
 */
export function readImages(entries: readonly unknown[], problems: Problem[]): Images {
  const all = entries.map(readImageEntry);
  const byId = Map.groupBy(all.filter(({ id }) => id !== null), ({ id }) => id!);
  const faults = new Map<ImageEntry, ImageFault>();
  for (const entry of all) if (entry.fault !== null) faults.set(entry, entry.fault);
  for (const [first, ...others] of byId.values()) {
    const other = others.find((other) => fileOf(other) !== fileOf(first!));
    if (other === undefined) continue;
    const files = [first!, other].map(({ fileName }) =>
      fileName === null ? "another file" : showValue(fileName)
    );
    const message = `its id is that of ${files.join(" and of ")}: their annotations cannot be told apart`;
    for (const entry of [first!, ...others]) addFault(faults, entry, { kind: "duplicate-id", message });
  }
  const byFile = Map.groupBy(all, fileOf);
  for (const same of byFile.values()) {
    const fault = faultOfFile(same, faults);
    if (fault !== null) { for (const entry of same) addFault(faults, entry, fault); }
  }

  const images = new Map<ImageEntry, CocoImage>();
  for (const entry of all) {
    const { label, id, fileName, size } = entry;
    const first = byFile.get(fileOf(entry))![0]!;
    const report = ({ kind, message }: ImageFault, effect: Problem["effect"]) =>
      problems.push({ kind, id, message: `${label}: ${message}`, effect });
    const fault = faults.get(entry);
    if (fault !== undefined) report(fault, "skipped");
    else if (entry === first) images.set(entry, { id: id!, fileName: fileName!, ...size! });
    else {
      images.set(entry, images.get(first)!);
      report(unitedWith(first, entry), "kept");
    }
  }
  const imageOf = (entry: ImageEntry) => images.get(entry) ?? null;
  return {
    usable: [...new Set(images.values())],
    byId: new Map([...byId].map(([id, [entry]]) => [id, imageOf(entry!)])),
    byKey: new Map(all.filter(({ key }) => key !== null).map((entry) => [entry.key!, imageOf(entry)])),
    fileNames: new Set(all.flatMap(({ fileName }) => fileName ?? [])),
  };
}

/** Keeps the first fault of an entry. */
function addFault(faults: Map<ImageEntry, ImageFault>, entry: ImageEntry, fault: ImageFault): void {
  if (!faults.has(entry)) faults.set(entry, fault);
}

/** What entries of one file have in common; an entry without a file has nothing in common with any other. */
function fileOf(entry: ImageEntry): string | ImageEntry {
  return entry.fileName ?? entry;
}

function readImageEntry(entry: unknown, index: number): ImageEntry {
  const { id: rawId, file_name: rawName, width, height }: Entry = isEntry(entry) ? entry : {};
  const read = readId(rawId);
  const fileName = safeFileName(rawName);
  const sizeFault = labelSizeFault(width, height);
  let fault: ImageFault | null = null;
  if (!isEntry(entry)) fault = { kind: "bad-entry", message: `it is ${showValue(entry)}, not an object` };
  else if (read === null) {
    fault = { kind: "bad-entry", message: `its id is ${showValue(rawId)}; ${ID_FORM}` };
  } else if (fileName === null) {
    fault = { kind: "bad-file-name", message: `invalid file name ${showValue(rawName)}` };
  } else if (sizeFault !== null) {
    const size = `${showValue(width)} x ${showValue(height)}`;
    fault = { kind: "bad-size", message: `its size is ${size}: ${sizeFault}` };
  }
  return {
    label: read === null ? `image entry ${index + 1}` : `image ${showValue(rawId)}`,
    id: read?.id ?? null,
    key: keyOf(rawId),
    fileName,
    size: sizeFault === null ? { width: width as number, height: height as number } : null,
    fault,
  };
}

/** Why none of the entries of one file can be used; null if they can. */
function faultOfFile(
  same: readonly ImageEntry[],
  faults: ReadonlyMap<ImageEntry, ImageFault>,
): ImageFault | null {
  const first = same[0]!;
  if (same.length === 1) return null;
  const name = showValue(first.fileName);
  const other = same.find(({ size }) => showSize(size) !== showSize(first.size));
  if (other !== undefined) {
    const sizes = `${showSize(first.size)} and with ${showSize(other.size)}`;
    return { kind: "duplicate-file", message: `${name} is listed with ${sizes}` };
  }
  const faulty = same.find((entry) => faults.has(entry));
  if (faulty === undefined) return null;
  const message = `${name} is also listed by ${faulty.label}, whose annotations cannot be used`;
  return { kind: "duplicate-file", message };
}

function unitedWith(first: ImageEntry, entry: ImageEntry): ImageFault {
  const name = showValue(entry.fileName);
  return first.key === entry.key
    ? { kind: "duplicate-id", message: `it is listed twice, both times as ${name}` }
    : {
      kind: "duplicate-file",
      message: `the same file as ${first.label}, ${name}: they count as one image`,
    };
}

function showSize(size: Size | null): string {
  return size === null ? "no valid size" : `${size.width} x ${size.height}`;
}

/** A path within the folder, with `/` as separator; null for any other. */
function safeFileName(name: unknown): string | null {
  if (typeof name !== "string" || name === "" || name.includes("\0")) return null;
  const parts = name.replaceAll("\\", "/").split("/").filter((part) => part !== ".");
  const leads = parts.some((part) => part === "" || part === "..") || /^[A-Za-z]:/.test(name);
  return leads || parts.length === 0 ? null : parts.join("/");
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

/** Checks the annotation entries within the `budget`; problems are appended to `problems`. */
export function readAnnotations(
  entries: readonly unknown[],
  images: Images,
  categories: ReadonlyMap<string, CocoCategory>,
  problems: Problem[],
  budget?: CrossingBudget,
): Annotations {
  const usable: CocoAnnotation[] = [];
  const covered = new Set<CocoId>();
  const lost = new Set<CocoId>();
  const misplaced = new Set<CocoId>();
  let unattributed = 0;
  const ids = new Set<CocoId>();
  entries.forEach((entry, index) => {
    if (!isEntry(entry)) {
      const message = `annotation entry ${index + 1} is ${showValue(entry)}, not an object`;
      problems.push({ kind: "bad-entry", id: null, message, effect: "skipped" });
      unattributed++;
      return;
    }
    const id = readId(entry.id)?.id ?? null;
    const name = id === null ? `annotation entry ${index + 1}` : `annotation ${showValue(entry.id)}`;
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
    const fault = outlineFault(checked, entry, image, budget);
    if (fault !== null) report(fault.kind, `${fault.message} (image ${imageId})`, "skipped");
    (fault === null ? covered : fault.ofImage ? misplaced : lost).add(image.id);
    usable.push({
      id,
      imageId: image.id,
      categoryId: readId(entry.category_id)?.id ?? null,
      crowd: entry.iscrowd === 1 || entry.iscrowd === true,
      segmentation: entry.segmentation as CocoSegmentation,
    });
  });
  return { usable, covered, lost, misplaced, unattributed };
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
