/**
 * Lists of images to correct: a split, those with problems, those that nobody corrected yet, or an audit's ranking.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { CorrectionSplits, QueuedImage } from "../../api/corrections.ts";
import { viewHash } from "../view.ts";

/** The kinds of lists, and what they are called. */
export const LISTS = {
  all: "All images",
  open: "Not corrected yet",
  problems: "With problems or without annotations",
  audit: "Audit, strongest first",
} as const;

/** A kind of list. */
export type ListName = keyof typeof LISTS;

/** Where the editor is: an image in a list. */
export interface Place {
  readonly split: string;
  readonly fileName: string | null;
  readonly list: ListName;
  /** The run of an audit. */
  readonly run: string | null;
}

/** The place of an address; null if it names no split. */
export function parsePlace([split, fileName, list, run]: readonly string[]): Place | null {
  if (split === undefined) return null;
  const known = list !== undefined && Object.hasOwn(LISTS, list) ? list as ListName : "all";
  const isAudit = known === "audit" && run !== undefined;
  return {
    split,
    fileName: fileName ?? null,
    list: known === "audit" && !isAudit ? "all" : known,
    run: isAudit ? run : null,
  };
}

/** The address of a place. */
export function placeHash({ split, fileName, list, run }: Place): string {
  const parts = [split, ...(fileName === null ? [] : [fileName])];
  if (fileName !== null && list !== "all") parts.push(list, ...(run === null ? [] : [run]));
  return viewHash("correct", ...parts);
}

/** The images of a list, in its order. */
export function listImages(
  { splits }: CorrectionSplits,
  { split, list }: Pick<Place, "split" | "list">,
  findings: readonly { readonly name: string }[] | null = null,
): readonly QueuedImage[] {
  const images = splits.find(({ name }) => name === split)?.images ?? [];
  if (list === "open") return images.filter(({ revision }) => revision === null);
  if (list === "problems") {
    return images.filter(({ state, revision }) =>
      revision === null && state !== "annotated" && state !== "unannotated"
    );
  }
  if (list === "audit") {
    const byName = new Map(images.map((image) => [image.fileName, image]));
    return [...new Set(findings?.map(({ name }) => name))].flatMap((name) => byName.get(name) ?? []);
  }
  return images;
}

/**
 * The image before or after one in a list, by its name; null at its end. If the list no longer has it, as one of images
 * that are not corrected yet after saving, `order` tells which of the remaining ones follow.
 */
export function neighbor(
  images: readonly QueuedImage[],
  fileName: string,
  step: -1 | 1,
  order: readonly string[],
): QueuedImage | null {
  const at = images.findIndex((image) => image.fileName === fileName);
  if (at >= 0) return images[at + step] ?? null;
  const place = order.indexOf(fileName);
  const left = new Map(images.map((image) => [image.fileName, image]));
  for (let i = place + step; i >= 0 && i < order.length; i += step) {
    const image = left.get(order[i]!);
    if (image !== undefined) return image;
  }
  return null;
}
