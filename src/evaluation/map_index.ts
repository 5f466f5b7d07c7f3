/**
 * The list of the maps that an evaluation stored: which file is which image's, and how to read it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import {
  FLAG,
  integerOf,
  listOf,
  numberOf,
  objectOf,
  oneOf,
  optional,
  orNull,
  TEXT,
  valueOf,
} from "../fs/json_shape.ts";
import { type ClassSpec, isClassList } from "../image/class_spec.ts";
import type { Size } from "../image/image.ts";
import { inputSize } from "../image/input_frame.ts";
import type { Head } from "../unet/config.ts";

/** The name of the list in the folder of maps. */
export const MAP_INDEX_FILE = "index.json";

/** Raised when sheets are packed differently: older ones are then evaluated again. */
const VERSION = 1;

/** The stored maps of a split. */
export interface MapIndex {
  /** The version of the form. */
  readonly version: number;
  /** The split. */
  readonly split: string;
  /** Width and height of the maps in pixels, those of the compared masks, unless the next fields say otherwise. */
  readonly size: number;
  /** Height of the maps; absent for that of a square. */
  readonly height?: number;
  /** `image` if masks were compared, and maps are stored, at the size of each image. */
  readonly compared?: "image";
  /** How classes are told apart. */
  readonly head: Head;
  /** The evaluated threshold; null for the most probable of several classes. */
  readonly threshold: number | null;
  /** The classes, in the order of their planes. */
  readonly classes: readonly ClassSpec[];
  /** Whether the model's file names the classes; if not, those of the dataset are taken. */
  readonly named: boolean;
  /** Categories that are ignored. */
  readonly ignored: readonly string[];
  /** The fingerprint of the evaluated data. */
  readonly data: string;
  /** SHA-256 of the model file; null if it is not known. */
  readonly model: string | null;
  /** The images, in the order of the evaluation. */
  readonly images: readonly MapEntry[];
}

/** The stored map of an image. */
export interface MapEntry {
  /** The image's name. */
  readonly name: string;
  /** Its own width in pixels. */
  readonly width: number;
  /** Its own height in pixels. */
  readonly height: number;
  /** The name of the file in the folder; null if the limit of stored bytes was reached before. */
  readonly file: string | null;
}

/** Most pixels of a map: those of larger images are reduced. */
const MOST_PIXELS = 2 ** 24;

/** The size of an image's maps. */
export function mapSizeOf({ compared, ...extents }: MapExtents, { width, height }: Size): Size {
  if (compared === undefined) return inputSize(extents);
  const factor = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)));
  const reduced = (extent: number) => Math.max(1, Math.floor(extent * factor));
  return { width: reduced(width), height: reduced(height) };
}

/** What determines the sizes of maps. */
export type MapExtents = Pick<MapIndex, "size" | "height" | "compared">;

const SIDE = integerOf(1, 8192);

const ENTRY = objectOf({
  name: TEXT,
  width: SIDE,
  height: SIDE,
  file: orNull(TEXT),
});

const INDEX = objectOf({
  version: integerOf(VERSION, VERSION),
  split: TEXT,
  size: SIDE,
  height: optional(SIDE),
  compared: optional(oneOf("image")),
  head: oneOf("sigmoid", "softmax"),
  threshold: orNull(numberOf(0, 1)),
  classes: valueOf("a list of classes", isClassList),
  named: FLAG,
  ignored: listOf(TEXT),
  data: TEXT,
  model: orNull(TEXT),
  images: listOf(ENTRY),
});

/** The index of a new evaluation. */
export function createMapIndex(index: Omit<MapIndex, "version">): MapIndex {
  return { version: VERSION, ...index };
}

/** Reads an index; null if it is no such document, or one of another version. */
export function readMapIndex(value: unknown): MapIndex | null {
  if (INDEX(value, "index") !== null) return null;
  const index = value as MapIndex;
  // Names are joined to the folder's path.
  return index.images.every(({ file }) => file === null || /^\d+\.png$/.test(file)) ? index : null;
}
