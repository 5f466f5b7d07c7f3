/**
 * Pictures that stand in two splits: a model that saw a picture in training is not tested by it.
 *
 * @module
 */
import { areNearEqual, type Thumbnail } from "./thumbnail.ts";

/** What two pictures are compared by. */
export interface Fingerprint {
  /** The folder name of the split. */
  readonly split: string;
  /** The picture's path within the split's folder. */
  readonly fileName: string;
  /** SHA-256 of the file. */
  readonly sha256: string;
  /** The picture in small, or null where it was not decoded or is too plain to be compared. */
  readonly thumbnail: Thumbnail | null;
}

/** Why two pictures seem to be one. `same source` is the name before Roboflow, which varies a picture many times. */
export type LeakReason =
  | "same bytes"
  | "same source"
  | "near-equal pixels"
  | "near-equal pixels, mirrored or turned";

/** One of two pictures that seem to be one. */
export interface LeakedFile {
  /** The folder name of the split. */
  readonly split: string;
  /** The picture's path within the split's folder. */
  readonly fileName: string;
}

/** Two pictures in different splits that seem to be one. */
export interface Leak {
  /** The pictures. */
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
 * The pairs of pictures in different splits that seem to be one, in the order of the prints; at most 10,000,
 * `complete` says whether that was all.
 */
export function findLeaks(prints: readonly Fingerprint[]): { leaks: Leak[]; complete: boolean } {
  const pairs = new Map<string, { files: [LeakedFile, LeakedFile]; reasons: LeakReason[] }>();
  let complete = true;
  const add = (a: Fingerprint, b: Fingerprint, reason: LeakReason) => {
    const key = JSON.stringify([a.split, a.fileName, b.split, b.fileName]);
    const pair = pairs.get(key);
    if (pair !== undefined) pair.reasons.push(reason);
    else if (pairs.size < MAX_PAIRS) pairs.set(key, { files: [fileOf(a), fileOf(b)], reasons: [reason] });
    else complete = false;
    return complete;
  };
  pairUp(prints, (print) => print.sha256, (a, b) => add(a, b, "same bytes"));
  pairUp(prints, (print) => sourceStem(print.fileName), (a, b) => add(a, b, "same source"));
  pairThumbnails(prints, add);
  return { leaks: [...pairs.values()], complete };
}

function fileOf({ split, fileName }: Fingerprint): LeakedFile {
  return { split, fileName };
}

/** Calls `found` for each two prints of different splits with the same key, until it returns false. */
function pairUp(
  prints: readonly Fingerprint[],
  keyOf: (print: Fingerprint) => string | null,
  found: (a: Fingerprint, b: Fingerprint) => boolean,
): void {
  const groups = Map.groupBy(prints, keyOf);
  groups.delete(null);
  for (const group of groups.values()) {
    for (let i = 0; i < group.length; i++) {
      for (let j = i + 1; j < group.length; j++) {
        if (group[i]!.split !== group[j]!.split && !found(group[i]!, group[j]!)) return;
      }
    }
  }
}

/** Calls `found` for each two prints of different splits with nearly equal pixels, until it returns false. */
function pairThumbnails(
  prints: readonly Fingerprint[],
  found: (a: Fingerprint, b: Fingerprint, reason: LeakReason) => boolean,
): void {
  const small = prints.flatMap((print) =>
    print.thumbnail === null ? [] : [{ print, thumbnail: print.thumbnail }]
  );
  for (let i = 0; i < small.length; i++) {
    const a = small[i]!;
    for (let j = i + 1; j < small.length; j++) {
      const b = small[j]!;
      if (a.print.split === b.print.split) continue;
      const likeness = areNearEqual(a.thumbnail, b.thumbnail);
      if (likeness === null) continue;
      const reason = likeness === "upright" ? "near-equal pixels" : "near-equal pixels, mirrored or turned";
      if (!found(a.print, b.print, reason)) return;
    }
  }
}
