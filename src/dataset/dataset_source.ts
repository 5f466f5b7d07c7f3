/**
 * What a kind of dataset consists of. A new kind is one file with a {@linkcode DatasetSource} and one line in
 * `source_registry.ts`; checking image files, sampling, preparing, inspecting and evaluating work on its listing.
 *
 * @module
 */
import type { CocoId, ImageState, Labeling } from "../coco/coco.ts";
import type { Problem } from "../coco/problems.ts";
import type { ImageNote, Size } from "../image/image.ts";
import type { LabelMap } from "../image/label_map.ts";
import type { FileLink } from "./file_links.ts";
import type { Folder } from "./folder.ts";
import type { SplitRole } from "./roles.ts";

/** A folder of images. */
export interface Split {
  /** Its name: that of the folder, unless the source names its splits otherwise. */
  readonly name: string;
  /** What it is for. */
  readonly role: SplitRole;
  /** Path of the folder with the images. */
  readonly folder: string;
  /** Path of its annotation file (or folder, for sources with a file per image); null if it has none. */
  readonly annotationFile: string | null;
  /** Name of the {@linkcode DatasetSource} that reads its annotations; null if it has none. */
  readonly source: string | null;
  /** The real path of its dataset, which no link in it may leave; by default its own folder's. */
  readonly root?: string;
}

/** An image as its annotations describe it; its file has not been read. */
export interface ListedImage extends Size {
  /** Its id, unique in the split. */
  readonly id: CocoId;
  /** Its path within the split's folder, with `/`. */
  readonly fileName: string;
  /** Whether it has annotations, and whether they can be used. */
  readonly state: ImageState;
  /** Whether it is `annotated`, but some of its annotations cannot be drawn. */
  readonly partlyAnnotated: boolean;
  /** The category id of each annotation that can be drawn; null for none. */
  readonly categoryIds: readonly (CocoId | null)[];
  /** A file that its name probably means, if it has none. */
  readonly link?: FileLink;
  /** Whether its annotations are those of a corrections file. */
  readonly corrected?: boolean;
  /** What a reader should know of its listed name. */
  readonly notes?: readonly ImageNote[];
  /** Reads or rasterizes its annotations, on every call; without a labeling all are one foreground class. */
  labelMap(labeling?: Labeling): Promise<LabelMap>;
  /** A SHA-256 of everything that determines the label map: the same key, the same label map. */
  labelKey(labeling?: Labeling): Promise<string>;
}

/** A category of annotations. */
export interface Category {
  /** Its id. */
  readonly id: CocoId;
  /** Its name. */
  readonly name: string;
}

/** The annotations of a split. */
export interface SplitListing {
  /** The usable images, in the order of the annotations. */
  readonly images: readonly ListedImage[];
  /** Every listed file name, including those of skipped images. */
  readonly fileNames: ReadonlySet<string>;
  /** Files of the folder that listed names probably mean, although they differ. */
  readonly linkedFiles?: ReadonlySet<string>;
  /** The categories. */
  readonly categories: readonly Category[];
  /** Every problem of the annotations. */
  readonly problems: readonly Problem[];
  /** Why images are `uncertain`, for messages: `the images of 3 annotations are unknown`; null if none can be. */
  readonly uncertainty: string | null;
}

/** A kind of dataset: how to recognize it and how to read its annotations. */
export interface DatasetSource {
  /** Its name, in {@linkcode Split.source}: `coco`. */
  readonly name: string;
  /** What it is recognized by, for messages: `folder with _annotations.coco.json`. */
  readonly layout: string;
  /** Whether the folder is itself one split of this kind rather than a dataset. */
  isSplit(folder: Folder): boolean;
  /** The annotated splits directly in a folder; none if it is not a dataset of this kind. */
  detect(folder: Folder): Promise<readonly Split[]>;
  /** Reads the annotations of a split that {@linkcode DatasetSource.detect} found. */
  open(split: Split): Promise<SplitListing>;
}
