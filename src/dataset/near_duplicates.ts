/**
 * Images that stand in two splits: a model that saw an image in training is not tested by it.
 *
 * @module
 */
import { areNearEqual, type Thumbnail } from "./thumbnail.ts";

/** What two images are compared by. */
export interface Fingerprint {
  /** The folder name of the split. */
  readonly split: string;
  /** The image's path within the split's folder. */
  readonly fileName: string;
  /** SHA-256 of the file. */
  readonly sha256: string;
  /** The image in small, or null where it was not decoded or is too plain to be compared. */
  readonly thumbnail: Thumbnail | null;
}

/** Why two images seem to be one. `same source` is the name before Roboflow, which varies an image many times. */
export type LeakReason =
  | "same bytes"
  | "same source"
  | "near-equal pixels"
  | "near-equal pixels, mirrored or turned";

/** One of two images that seem to be one. */
export interface LeakedFile {
  /** The folder name of the split. */
  readonly split: string;
  /** The image's path within the split's folder. */
  readonly fileName: string;
}

/** Two images in different splits that seem to be one. */
export interface Leak {
  /** The images. */
  readonly files: readonly [LeakedFile, LeakedFile];
  /** Why. */
  readonly reasons: readonly LeakReason[];
}

/** Most pairs that are listed; a folder of copies would otherwise give their product. */
const MAX_PAIRS = 10_000;

/** The name before Roboflow: `y12` of `y12_jpg.rf.HASH.jpg`, or null for other names. */
export function sourceStem(fileName: string): string | null {
  return /([^/]+)_(?:jpe?g|png|tiff?|bmp|webp)\.rf\.[0-9a-z]+\.\w+$/i.exec(fileName)?.[1] ?? null;
}

/**
 * The pairs of images in different splits that seem to be one, in the order of the prints; at most 10,000,
 * `complete` says whether that was all.
 */
export function findLeaks(prints: readonly Fingerprint[]): { leaks: Leak[]; complete: boolean } {
  const pairs = new Map<string, { files: [LeakedFile, LeakedFile]; reasons: LeakReason[] }>();
  let complete = true;
  pairAlike(prints, (i, j) => prints[i]!.split !== prints[j]!.split, (i, j, reason) => {
    const [a, b] = [prints[i]!, prints[j]!];
    const key = JSON.stringify([a.split, a.fileName, b.split, b.fileName]);
    const pair = pairs.get(key);
    if (pair !== undefined) pair.reasons.push(reason);
    else if (pairs.size < MAX_PAIRS) pairs.set(key, { files: [fileOf(a), fileOf(b)], reasons: [reason] });
    else complete = false;
    return complete;
  });
  return { leaks: [...pairs.values()], complete };
}

function fileOf({ split, fileName }: Fingerprint): LeakedFile {
  return { split, fileName };
}

/** Gets the places of two prints that seem to be one image, `i` below `j`, and why; false ends the search. */
type Found = (i: number, j: number, reason: LeakReason) => boolean;

/**
 * Calls `found` for each two prints that seem to be one image, once for every reason, until it returns false. Only
 * pairs of places that `wanted` lets through are compared.
 */
export function pairAlike(
  prints: readonly Fingerprint[],
  wanted: (i: number, j: number) => boolean,
  found: Found,
): void {
  pairUp(prints, (print) => print.sha256, wanted, (i, j) => found(i, j, "same bytes"));
  pairUp(prints, (print) => sourceStem(print.fileName), wanted, (i, j) => found(i, j, "same source"));
  pairThumbnails(prints, wanted, found);
}

function pairUp(
  prints: readonly Fingerprint[],
  keyOf: (print: Fingerprint) => string | null,
  wanted: (i: number, j: number) => boolean,
  found: (i: number, j: number) => boolean,
): void {
  const groups = Map.groupBy(prints.keys(), (place) => keyOf(prints[place]!));
  groups.delete(null);
  for (const group of groups.values()) {
    for (const [at, i] of group.entries()) {
      for (const j of group.slice(at + 1)) {
        if (wanted(i, j) && !found(i, j)) return;
      }
    }
  }
}

function pairThumbnails(
  prints: readonly Fingerprint[],
  wanted: (i: number, j: number) => boolean,
  found: Found,
): void {
  for (let i = 0; i < prints.length; i++) {
    const a = prints[i]!.thumbnail;
    if (a === null) continue;
    for (let j = i + 1; j < prints.length; j++) {
      const b = prints[j]!.thumbnail;
      if (b === null || !wanted(i, j)) continue;
      const likeness = areNearEqual(a, b);
      if (likeness === null) continue;
      const reason = likeness === "upright" ? "near-equal pixels" : "near-equal pixels, mirrored or turned";
      if (!found(i, j, reason)) return;
    }
  }
}
