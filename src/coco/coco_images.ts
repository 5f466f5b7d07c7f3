/**
 * The image entries of a COCO annotation file: which of them are one image, and which cannot be used.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import { labelSizeFault } from "../image/label_map.ts";
import { type CocoId, ID_FORM, keyOf, readId } from "./ids.ts";
import { type Problem, type ProblemKind, showValue } from "./problems.ts";

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
  /** As in {@linkcode Problem}. */
  readonly badName?: string;
}

/**
 * Checks the image entries; problems are appended to `problems`.
 *
 * Annotations must belong to one image. Entries of one file and one size are one image, with the annotations of them
 * all. If a file is listed with several sizes, or an id belongs to several files, none of these entries is used.
 */
export function readImages(
  entries: readonly unknown[],
  problems: Problem[],
  { anyPath = false }: { readonly anyPath?: boolean } = {},
): Images {
  const nameOf = (name: unknown) => safeFileName(name) ?? (anyPath ? innerPath(name) : null);
  const all = entries.map((entry, index) => readImageEntry(entry, index, nameOf));
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
    const report = ({ message, ...fault }: ImageFault, effect: Problem["effect"]) =>
      problems.push({ ...fault, id, message: `${label}: ${message}`, effect });
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

function readImageEntry(
  entry: unknown,
  index: number,
  nameOf: (name: unknown) => string | null,
): ImageEntry {
  const { id: rawId, file_name: rawName, width, height }: Entry = isEntry(entry) ? entry : {};
  const read = readId(rawId);
  const fileName = nameOf(rawName);
  const sizeFault = labelSizeFault(width, height);
  let fault: ImageFault | null = null;
  if (!isEntry(entry)) fault = { kind: "bad-entry", message: `it is ${showValue(entry)}, not an object` };
  else if (read === null) {
    fault = { kind: "bad-entry", message: `its id is ${showValue(rawId)}; ${ID_FORM}` };
  } else if (fileName === null) {
    fault = { kind: "bad-file-name", message: `invalid file name ${showValue(rawName)}` };
    if (typeof rawName === "string") fault = { ...fault, badName: rawName };
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
export function safeFileName(name: unknown): string | null {
  if (typeof name !== "string" || name === "" || name.includes("\0")) return null;
  // Slashes that are doubled are one; one in front makes a path that begins elsewhere.
  const path = name.replaceAll("\\", "/").replace(/(?<=[^/])\/+(?=[^/])/g, "/");
  const parts = path.split("/").filter((part) => part !== ".");
  const leads = parts.some((part) => part === "" || part === "..") || /^[A-Za-z]:/.test(name);
  return leads || parts.length === 0 ? null : parts.join("/");
}

/** The parts of a path that begins elsewhere; null for what is no path. */
function innerPath(name: unknown): string | null {
  if (typeof name !== "string" || name.includes("\0")) return null;
  const parts = name.replace(/^[A-Za-z]+:/, "").replaceAll("\\", "/").split("/");
  return parts.filter((part) => ![".", "..", ""].includes(part)).join("/") || null;
}
