/**
 * Near-duplicates: files that show the same image. If they are in different splits, evaluation measures memorization.
 *
 * @module
 */
import { IMAGE_ENDINGS } from "../image/formats.ts";
import { compareThumbnails, type Thumbnail } from "./thumbnail.ts";

/** What two images are compared by. */
export interface ImageSignature {
  /** The name of the split. */
  readonly split: string;
  /** The image's path within the split's folder. */
  readonly fileName: string;
  /** SHA-256 of the file. */
  readonly sha256: string;
  /** The thumbnail, or null if the image was not decoded or has too little contrast to compare. */
  readonly thumbnail: Thumbnail | null;
}

/** Why two files count as one image. `same source`: Roboflow made both from one file, as their names tell. */
export type DuplicateReason =
  | "same bytes"
  | "same source"
  | "near-equal pixels"
  | "near-equal pixels, mirrored or rotated";

/** One of two files that show the same image. */
export interface DuplicateFile {
  /** The name of the split. */
  readonly split: string;
  /** The image's path within the split's folder. */
  readonly fileName: string;
}

/** Two files in different splits that show the same image. */
export interface NearDuplicate {
  /** The files. */
  readonly files: readonly [DuplicateFile, DuplicateFile];
  /** Why. */
  readonly reasons: readonly DuplicateReason[];
}

/** Most pairs that are listed; otherwise a folder of copies would yield their product. */
const MAX_PAIRS = 10_000;

/** `y12_jpg.rf.HASH.jpg`: the name Roboflow gives to a version of `y12.jpg`. */
const ROBOFLOW_NAME = new RegExp(`([^/]+)_(?:${IMAGE_ENDINGS.join("|")})\\.rf\\.[0-9a-z]+\\.\\w+$`, "i");

/** The name of the file that Roboflow made this one from: `y12` for `y12_jpg.rf.HASH.jpg`; null for other names. */
export function sourceStem(fileName: string): string | null {
  return ROBOFLOW_NAME.exec(fileName)?.[1] ?? null;
}

/**
 * The near-duplicates in different splits, in the order of the signatures; 10,000 at most, `complete` tells whether
 * those are all.
 */
export function findNearDuplicates(
  signatures: readonly ImageSignature[],
): { pairs: NearDuplicate[]; complete: boolean } {
  const pairs = new Map<string, { files: [DuplicateFile, DuplicateFile]; reasons: DuplicateReason[] }>();
  let complete = true;
  const differ = (i: number, j: number) => signatures[i]!.split !== signatures[j]!.split;
  visitDuplicates(signatures, differ, (i, j, reason) => {
    const [a, b] = [signatures[i]!, signatures[j]!];
    const key = JSON.stringify([a.split, a.fileName, b.split, b.fileName]);
    const pair = pairs.get(key);
    if (pair !== undefined) pair.reasons.push(reason);
    else if (pairs.size < MAX_PAIRS) pairs.set(key, { files: [fileOf(a), fileOf(b)], reasons: [reason] });
    else complete = false;
    return complete;
  });
  return { pairs: [...pairs.values()], complete };
}

function fileOf({ split, fileName }: ImageSignature): DuplicateFile {
  return { split, fileName };
}

/** Files that pairs connect, and all reasons of these pairs. */
export interface DuplicateGroup {
  /** The files, in the order of the pairs. */
  readonly files: readonly DuplicateFile[];
  /** Why. */
  readonly reasons: readonly DuplicateReason[];
}

/** A group that may still grow. */
interface Group {
  readonly files: DuplicateFile[];
  readonly reasons: Set<DuplicateReason>;
}

/** The connected components of pairs, in the order of their first pairs: ten copies are one group, not 25 pairs. */
export function groupPairs(pairs: readonly NearDuplicate[]): DuplicateGroup[] {
  const groupOf = new Map<string, Group>();
  for (const { files, reasons } of pairs) {
    const [one, two] = files.map((file) => {
      const key = keyOf(file);
      const group: Group = groupOf.get(key) ?? { files: [file], reasons: new Set() };
      groupOf.set(key, group);
      return group;
    }) as [Group, Group];
    // Into the larger one: moves few files, and keeps their order.
    const [into, from] = one.files.length < two.files.length ? [two, one] : [one, two];
    for (const reason of [...reasons, ...from.reasons]) into.reasons.add(reason);
    if (into === from) continue;
    into.files.push(...from.files);
    for (const file of from.files) groupOf.set(keyOf(file), into);
  }
  return [...new Set(groupOf.values())].map(({ files, reasons }) => ({ files, reasons: [...reasons] }));
}

function keyOf({ split, fileName }: DuplicateFile): string {
  return JSON.stringify([split, fileName]);
}

/** Whether the pair of indices `i < j` is to be compared. */
type PairFilter = (i: number, j: number) => boolean;

/** Receives the indices `i < j` of two near-duplicates and the reason; false ends the search. */
type PairVisitor = (i: number, j: number, reason: DuplicateReason) => boolean;

/** Calls `visit` for every two near-duplicates that `filter` admits, once per reason, until it returns false. */
export function visitDuplicates(
  signatures: readonly ImageSignature[],
  filter: PairFilter,
  visit: PairVisitor,
): void {
  visitEqual(signatures, ({ sha256 }) => sha256, filter, (i, j) => visit(i, j, "same bytes"));
  visitEqual(
    signatures,
    ({ fileName }) => sourceStem(fileName),
    filter,
    (i, j) => visit(i, j, "same source"),
  );
  visitAlike(signatures, filter, visit);
}

function visitEqual(
  signatures: readonly ImageSignature[],
  keyOf: (signature: ImageSignature) => string | null,
  filter: PairFilter,
  visit: (i: number, j: number) => boolean,
): void {
  const groups = Map.groupBy(signatures.keys(), (index) => keyOf(signatures[index]!));
  groups.delete(null);
  for (const group of groups.values()) {
    for (const [at, i] of group.entries()) {
      for (const j of group.slice(at + 1)) {
        if (filter(i, j) && !visit(i, j)) return;
      }
    }
  }
}

function visitAlike(signatures: readonly ImageSignature[], filter: PairFilter, visit: PairVisitor): void {
  for (let i = 0; i < signatures.length; i++) {
    const a = signatures[i]!.thumbnail;
    if (a === null) continue;
    for (let j = i + 1; j < signatures.length; j++) {
      const b = signatures[j]!.thumbnail;
      if (b === null || !filter(i, j)) continue;
      const match = compareThumbnails(a, b);
      if (match === null) continue;
      const reason = match === "upright" ? "near-equal pixels" : "near-equal pixels, mirrored or rotated";
      if (!visit(i, j, reason)) return;
    }
  }
}
