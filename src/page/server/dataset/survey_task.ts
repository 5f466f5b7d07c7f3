/**
 * What the Workers of a survey are asked, and answer.
 *
 * @module
 */
import type { DuplicateReason } from "../../../dataset/near_duplicates.ts";

/** Reduces an image to what the page shows of it in a list, and to what images are compared by. */
export interface ThumbnailTask {
  readonly kind: "thumbnail";
  /** The image file. */
  readonly file: ArrayBuffer;
}

/** The answer. */
export interface ThumbnailAnswer {
  /** A JPEG. */
  readonly jpeg: ArrayBuffer;
  /** The gray values of `makeThumbnail`; null without contrast. */
  readonly grays: ArrayBuffer | null;
}

/** Compares images. */
export interface CompareTask {
  readonly kind: "compare";
  readonly images: readonly { readonly split: string; readonly fileName: string; readonly sha256: string }[];
  /** Whether each has gray values. */
  readonly hasGrays: Uint8Array;
  /** The gray values of those, one after the other. */
  readonly grays: ArrayBuffer;
}

/** The answer: indices of images. */
export interface CompareAnswer {
  readonly pairs: readonly (readonly [one: number, other: number, reasons: readonly DuplicateReason[]])[];
  readonly complete: boolean;
}

/** Gray values of an image. */
export const GRAYS = 32 * 32;
