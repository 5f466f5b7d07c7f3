/**
 * Unsaved work as plain data, which the browser keeps until it is saved.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../../../../image/image.ts";
import type { MaskRegion, MaskSource } from "../../../api/corrections.ts";
import { decodeTiles, encodeTiles } from "./layer_rle.ts";
import type { FilledClass, LabelDocument } from "./label_document.ts";

/** What of an image is unsaved. */
export interface Draft extends Size {
  /** The form of this record. */
  readonly version: 1;
  /** The classes with their pixels, as texts of COCO's RLE. */
  readonly classes: readonly DraftClass[];
  /** The revision that the work started from; null if the image had none. */
  readonly base: number | null;
  /** What the masks were made from. */
  readonly source: MaskSource;
  /** The SHA-256 of the model whose prediction they were made from; null for none. */
  readonly model: string | null;
  /** The masks of that prediction; null for none. */
  readonly before: readonly MaskRegion[] | null;
  /** When it was kept, in milliseconds since 1970. */
  readonly time: number;
}

interface DraftClass {
  readonly name: string;
  readonly color: string;
  readonly kind: "class" | "ignore";
  readonly pixels: string;
  readonly accepted: string;
}

/** The draft of a document. */
export function makeDraft(
  document: LabelDocument,
  about: Pick<Draft, "base" | "source" | "model" | "before" | "time">,
): Draft {
  const { width, height } = document;
  const classes = document.classes.map(({ name, color, kind = "class" }, index) => ({
    name,
    color,
    kind,
    pixels: encodeTiles(document.layer(index)).counts,
    accepted: encodeTiles(document.accepted(index)).counts,
  }));
  return { version: 1, width, height, classes, ...about };
}

/** Whether a stored value is a draft of an image of this size. */
export function isDraft(value: unknown, size: Size): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const { version, width, height, classes, base, source, model, before, time } = value as Record<
    string,
    unknown
  >;
  return version === 1 && width === size.width && height === size.height && Array.isArray(classes) &&
    classes.every(isDraftClass) && (base === null || Number.isSafeInteger(base)) &&
    ["prediction", "annotation", "empty"].includes(String(source)) &&
    (model === null || typeof model === "string") && (before === null || Array.isArray(before)) &&
    Number.isFinite(time);
}

function isDraftClass(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { name, color, kind, pixels, accepted } = value as Record<string, unknown>;
  return (kind === "class" || kind === "ignore") &&
    [name, color, pixels, accepted].every((each) => typeof each === "string");
}

/** The classes of a draft with their pixels. Throws as {@linkcode decodeTiles} for a damaged one. */
export function draftClasses(draft: Draft): FilledClass[] {
  const decode = (counts: string) => decodeTiles(draft, { size: [draft.height, draft.width], counts });
  return draft.classes.map(({ name, color, kind, pixels, accepted }) => ({
    name,
    color,
    kind,
    pixels: decode(pixels),
    accepted: decode(accepted),
  }));
}
