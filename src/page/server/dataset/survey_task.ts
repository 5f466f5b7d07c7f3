/**
 * What the Workers of a survey are asked, and answer.
 *
 * @module
 */
import type { Color } from "../../../image/draw.ts";
import type { Size } from "../../../image/image.ts";
import type { DuplicateReason } from "../../../dataset/near_duplicates.ts";

/** Reduces an image to what the page shows of it in a list, and to what images are compared by. */
export interface ThumbnailTask {
  readonly kind: "thumbnail";
  /** The image file. */
  readonly file: ArrayBuffer;
  /** Its annotations in the size of {@linkcode thumbnailSize}, and the color of each label; null for none. */
  readonly labels: (Size & { readonly data: Uint8Array; readonly colors: readonly Color[] }) | null;
}

/** Width and height that images are reduced to, in pixels. */
const SIDE = 256;

/** The size of the thumbnail of an image; small ones stay as they are. */
export function thumbnailSize({ width, height }: Size): Size {
  const factor = Math.min(1, SIDE / width, SIDE / height);
  return {
    width: Math.max(1, Math.round(width * factor)),
    height: Math.max(1, Math.round(height * factor)),
  };
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
