/**
 * What page and server tell each other about corrected masks.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** What masks were made from. */
export type MaskSource = "prediction" | "annotation" | "empty";

/** A mask: its category, and COCO's compressed RLE in the size of the image. */
export interface MaskRegion {
  readonly category: string;
  readonly rle: { readonly size: readonly [height: number, width: number]; readonly counts: string };
}

/** A class that can be painted. */
export interface CorrectionClass {
  readonly name: string;
  /** As `#rrggbb`. */
  readonly color: string;
  /** `ignore` for pixels that count neither as a class nor as background. */
  readonly kind: "class" | "ignore";
}

/** A version of an image's masks. */
export interface CorrectionVersion {
  readonly revision: number;
  /** As typed; null for revision 0, the masks before the first correction. */
  readonly annotator: string | null;
  /** As ISO 8601. */
  readonly time: string;
  readonly source: MaskSource;
}

/** `GET api/corrections/image/SPLIT/FILE`: all that the editor needs of an image besides its pixels. */
export interface ImageToCorrect {
  readonly split: string;
  readonly fileName: string;
  readonly width: number;
  readonly height: number;
  /** The SHA-256 of the image file. */
  readonly sha256: string;
  /** Identifies the dataset among those that this browser has seen. */
  readonly dataset: string;
  readonly classes: readonly CorrectionClass[];
  /** Other categories that the dataset lists; nothing was outlined or corrected in them yet. */
  readonly otherCategories: readonly string[];
  /** Why what is not annotated is not known to be background; null if it is. */
  readonly doubt: string | null;
  /** The dataset's own annotations; null if it has none of this image. */
  readonly annotation: readonly MaskRegion[] | null;
  /** The newest correction; null if there is none. */
  readonly newest: (CorrectionVersion & { readonly regions: readonly MaskRegion[] }) | null;
  /** All versions, oldest first; none if the image was never corrected. */
  readonly versions: readonly CorrectionVersion[];
}

/** `GET api/corrections/version/SPLIT/FILE/REVISION`. */
export interface VersionMasks extends CorrectionVersion {
  readonly regions: readonly MaskRegion[];
}

/** How much is known of an image's annotations: see `ImageState`; `unlisted` if no annotation file names it. */
export type AnnotationState = "annotated" | "partly" | "unannotated" | "unusable" | "uncertain" | "unlisted";

/** An image in a list to correct. */
export interface QueuedImage {
  readonly fileName: string;
  readonly state: AnnotationState;
  /** The newest revision; null if the image was never corrected. */
  readonly revision: number | null;
  /** Who made it. */
  readonly annotator: string | null;
}

/** `GET api/corrections/splits`: the images of each split. */
export interface CorrectionSplits {
  /** The corrections file, as a path below the dataset's folder. */
  readonly file: string;
  readonly splits: readonly { readonly name: string; readonly images: readonly QueuedImage[] }[];
}

/** `POST api/corrections`: masks to save. */
export interface MasksToSave {
  /** The corrections file is `NAME.coco.json`; defaults to `corrections`. */
  readonly name?: string | undefined;
  readonly split: string;
  readonly fileName: string;
  /** The SHA-256 of the image file on which the masks were painted. */
  readonly sha256: string;
  readonly annotator: string;
  readonly source: MaskSource;
  /** The SHA-256 of the model whose prediction the masks were made from; null for none. */
  readonly model: string | null;
  /** The newest revision that the annotator saw; null if there was none. */
  readonly base: number | null;
  /** The masks that a prediction began with; the server knows those of the annotation. */
  readonly before: readonly MaskRegion[] | null;
  /** The masks; none if nothing is to be seen in the image. */
  readonly classes: readonly MaskRegion[];
}

/** The answer to {@linkcode MasksToSave}. */
export interface SavedMasks {
  readonly revision: number;
}
