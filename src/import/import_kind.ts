/**
 * What a kind of importable dataset consists of. A new kind is one file of `kinds/` with an {@linkcode ImportKind} and a
 * line in `kinds.ts`; splitting, naming, writing and reporting work on its {@linkcode Recognition}.
 *
 * @module
 */
import type { SplitName } from "../dataset/roles.ts";
import type { Size } from "../image/image.ts";
import { type Mask } from "../image/mask.ts";
import type { Licence } from "../dataset/licences.ts";
import { maskRuns } from "../coco/rle.ts";
import type { SourceTree } from "./source_tree.ts";

/** A category as the source names it. */
export interface ImportCategory {
  /** Its name, unique in the source; `ignore` (in any case) marks pixels that nobody labeled. */
  readonly name: string;
  /** Its color in the source, `#rrggbb`, if it has one. */
  readonly color?: string;
}

/** An annotated region of an image. */
export interface ImportRegion {
  /** The name of its category. */
  readonly category: string;
  /** Its pixels: run lengths in column-major order, zeros first, as COCO's RLE; they add up to the image's pixels. */
  readonly runs: readonly number[];
}

/** The region of a mask. */
export function regionOf(category: string, mask: Mask): ImportRegion {
  return { category, runs: maskRuns(mask) };
}

/** An image of a source and its annotations. */
export interface ImportImage {
  /** The path of its file within the source. */
  readonly path: string;
  /** The split that the source puts it into; null if it says nothing. */
  readonly split: SplitName | null;
  /** What its name is taken from, if not from its path: `case_0001_0000.png` of channel 0 may be `case_0001.png`. */
  readonly fileName?: string;
  /** Its file's bytes, if it is no file of the source: `path` is then the file that holds it. */
  bytes?(): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Its regions, read on every call; none for an image without foreground. `size` is that of the image as it is
   * displayed, its EXIF orientation applied. A SyntaxError, RangeError or TypeError means that its annotations cannot
   * be trusted: the image is left out and listed with the message.
   */
  regions(size: Size): Promise<readonly ImportRegion[]>;
}

/** Files that are not imported, for one reason. */
export interface LeftOutFiles {
  /** Why, in words: `images without a mask`. */
  readonly reason: string;
  /** Their paths within the source. */
  readonly files: readonly string[];
}

/** A source that a kind has recognized. */
export interface Recognition {
  /** The name of the kind. */
  readonly kind: string;
  /** What it was recognized by, in words: `images/ and masks/: 40 pairs of the same name`. */
  readonly why: string;
  /** The categories in their order; those that no region uses are left out of the result. */
  readonly categories: readonly ImportCategory[];
  /** The images in their order. */
  readonly images: readonly ImportImage[];
  /** What a user should know of how it was understood, a sentence each. */
  readonly lines: readonly string[];
  /** The licences that the source names for its data; absent if it names none. */
  readonly licences?: readonly Licence[];
  /** What is not imported. */
  readonly leftOut: readonly LeftOutFiles[];
}

/** How a source is to be understood, where it does not say it itself. */
export interface RecognizeOptions {
  /** Folder of the images, within the source. */
  readonly images?: string | undefined;
  /** Folder of the masks, or an annotation file, within the source. */
  readonly masks?: string | undefined;
  /** A regular expression whose groups in the names of images and masks tell which belong together. */
  readonly pairs?: string | undefined;
  /** Which of several observers' masks are taken: its number or its name. */
  readonly observer?: string | undefined;
  /** Which channel of images with several files each. */
  readonly channel?: number | undefined;
  /** Called after every file that was read to recognize the source; aborts by throwing. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * A source is of a kind, but holds nothing that can be imported: boxes, for example. Other kinds may still find masks in
 * it; if none does, this is the answer.
 */
export class NothingToImport extends Error {}

/** A kind of dataset that can be imported. */
export interface ImportKind {
  /** Its name: `mask folders`. */
  readonly name: string;
  /** What it is recognized by, for messages: `a folder of images and a folder of masks`. */
  readonly layout: string;
  /**
   * Recognizes a source; null if it is something else. Throws an Error with candidates and the flag that decides if it
   * is of this kind but ambiguous.
   */
  recognize(tree: SourceTree, options: RecognizeOptions): Promise<Recognition | null>;
}
