/**
 * Label images: image files whose samples are classes or instances, not brightness.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { ImageNote, SampleData, Size } from "./image.ts";

/**
 * What the samples of a {@linkcode LabelImage} are: indices of a palette, gray values, or colors without or with an
 * alpha channel.
 */
export type LabelKind = "index" | "grey" | "rgb" | "rgba";

/** Samples per pixel of each kind. */
export const LABEL_CHANNELS: Readonly<Record<LabelKind, 1 | 3 | 4>> = { index: 1, grey: 1, rgb: 3, rgba: 4 };

/** An image file's samples as they are stored: no palette looked up, no bit depth scaled, no alpha dropped. */
export interface LabelImage extends Size {
  /** What the samples are. */
  readonly kind: LabelKind;
  /** `width * height` samples, times 3 for `rgb` and 4 for `rgba`; gray with alpha is `rgba`, its gray repeated. */
  readonly data: SampleData;
  /** Bits per sample in the file: gray values of 1 bit are 0 and 1. */
  readonly bits: number;
  /** The palette of `index`: red, green and blue of each color. Indices beyond it are possible. */
  readonly palette?: Uint8Array;
  /** Present if the file says that 0 is white, as TIFF's masks of ImageJ do; the samples are not inverted. */
  readonly whiteIsZero?: true;
  /** What a reader should know of the file: further pages, an orientation that is applied. */
  readonly notes: readonly ImageNote[];
}
