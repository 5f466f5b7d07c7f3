/**
 * From a split's folder to the list of its samples: an image's file and its mask.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Mask } from "../image/mask.ts";
import { readImageSize } from "../image/header.ts";
import { type CocoDataset, type CocoImage, readCoco } from "../coco/coco.ts";
import { type Problem, type ProblemKind, refuseProblems } from "../coco/problems.ts";
import type { Split } from "./splits.ts";

/**
 * What becomes of images without annotations: `empty` takes them as free of tumors, as the original training
 * does; `skip` leaves them out, since they may merely be unlabelled.
 */
export type Unannotated = "empty" | "skip";

/** The choices of {@linkcode Unannotated}. */
export const UNANNOTATED: readonly Unannotated[] = ["empty", "skip"];

/** How a split is read. */
export interface SplitOptions {
  /** What becomes of images without annotations; `empty` unless given. */
  readonly unannotated?: Unannotated;
  /** Refuse a split with any problem in place of leaving out what is at fault. */
  readonly strict?: boolean;
}

/** An image and its mask, not yet read. */
export interface Sample {
  /** The folder name of the split: `train`. */
  readonly split: string;
  /** The image's id in the annotation file. */
  readonly imageId: number;
  /** The image's path within the split's folder. */
  readonly fileName: string;
  /** The image's path as it can be opened. */
  readonly imagePath: string;
  /** Pixels in a row, of image and mask. */
  readonly width: number;
  /** Rows, of image and mask. */
  readonly height: number;
  /** Whether it has an annotation; where it has none, the mask is empty. */
  readonly annotated: boolean;
  /** Draws the mask anew at each call. */
  mask(): Mask;
  /** A SHA-256 of all that the mask follows from: the same key, the same mask. */
  maskKey(): string;
}

/** A split, read. */
export interface SplitReading {
  /** What was read. */
  readonly split: Split;
  /** Its annotation file. */
  readonly dataset: CocoDataset;
  /** Its usable images, in the annotation file's order. */
  readonly samples: readonly Sample[];
  /** Everything wrong in the annotation file and with the images' files. */
  readonly problems: readonly Problem[];
}

/** Longest text that the engine holds, in characters: 512 MiB. */
const MAX_TEXT_BYTES = 2 ** 29 - 24;

/**
 * Reads an annotation file from the disk: {@linkcode readCoco} with the path in the message. Files of up to
 * 512 MiB; throws a RangeError beyond.
 */
export async function readCocoFile(path: string, options: { strict?: boolean } = {}): Promise<CocoDataset> {
  const { size } = await Deno.stat(path);
  if (size > MAX_TEXT_BYTES) {
    throw new RangeError(`Cannot read ${JSON.stringify(path)}: ${size} bytes, at most ${MAX_TEXT_BYTES}`);
  }
  return readCoco(await Deno.readTextFile(path), { ...options, name: JSON.stringify(path) });
}

/**
 * Reads a split: its annotation file, and of each image the header, for a missing, unreadable or differently
 * sized file. What is at fault is left out and listed, or refused with an Error where `strict` is set.
 */
export async function readSplit(split: Split, options: SplitOptions = {}): Promise<SplitReading> {
  const dataset = await readSplitAnnotations(split);
  const problems: Problem[] = [...dataset.problems];
  const usable: CocoImage[] = [];
  for (const image of dataset.images) {
    const file = await readImageFile(split, image);
    if (file instanceof Uint8Array) usable.push(image);
    else problems.push(file);
  }
  if (options.strict) refuseProblems(`split ${JSON.stringify(split.name)}`, problems);
  return { split, dataset, samples: samplesOf(split, dataset, usable, options.unannotated), problems };
}

/** Reads a split's annotation file; throws an Error where it has none. */
export function readSplitAnnotations(split: Split): Promise<CocoDataset> {
  if (split.annotationFile === null) {
    throw new Error(`Cannot read split ${JSON.stringify(split.name)}: its folder has no annotation file`);
  }
  return readCocoFile(split.annotationFile);
}

/** The samples among `images`: all annotated ones, and unannotated ones as the setting says, `empty` unless given. */
export function samplesOf(
  split: Split,
  dataset: CocoDataset,
  images: readonly CocoImage[],
  unannotated: Unannotated = "empty",
): Sample[] {
  return images.filter(({ id }) => {
    const state = dataset.state(id);
    return state === "annotated" || (state === "unannotated" && unannotated === "empty");
  }).map((image) => ({
    split: split.name,
    imageId: image.id,
    fileName: image.fileName,
    imagePath: join(split.folder, image.fileName),
    width: image.width,
    height: image.height,
    annotated: dataset.state(image.id) === "annotated",
    mask: () => dataset.mask(image.id),
    maskKey: () => maskKey(dataset, image),
  }));
}

/** Goes into every key: to be raised when the same annotation gives another mask. */
const RASTERISER_VERSION = 1;

function maskKey(dataset: CocoDataset, image: CocoImage): string {
  const outlines = dataset.annotationsOf(image.id).map((annotation) => annotation.segmentation);
  const source = JSON.stringify([RASTERISER_VERSION, image.width, image.height, outlines]);
  return createHash("sha256").update(source).digest("hex");
}

/** The bytes of a listed image's file, or what is wrong with it as far as its header tells. */
export async function readImageFile(split: Split, image: CocoImage): Promise<Uint8Array | Problem> {
  try {
    const bytes = await Deno.readFile(join(split.folder, image.fileName));
    const { width, height } = readImageSize(bytes);
    if (width === image.width && height === image.height) return bytes;
    const listed = `${image.width} x ${image.height}`;
    const reason = `its file is ${width} x ${height}, the annotation file says ${listed}`;
    return imageProblem(split, image, "size-mismatch", reason);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    if (error instanceof Deno.errors.NotFound) {
      return imageProblem(split, image, "missing-image", "there is no such file");
    }
    return unreadableImage(split, image, error);
  }
}

/** The problem of an image that cannot be read or decoded for this reason. */
export function unreadableImage(split: Split, image: CocoImage, error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  return imageProblem(split, image, "unreadable-image", message.split("\n")[0]!);
}

/** The problem of an image that is left out. */
export function imageProblem(
  split: Pick<Split, "name">,
  image: Pick<CocoImage, "id" | "fileName">,
  kind: ProblemKind,
  reason: string,
): Problem {
  const message = `image ${image.id} (${split.name}/${image.fileName}): ${reason}`;
  return { kind, id: image.id, message, effect: "skipped" };
}
