/**
 * What an image file of a dataset is compared by, and what is worth knowing of it.
 *
 * @module
 */
import type { Problem } from "../coco/problems.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { decodeInspection } from "../image/decode.ts";
import { inspectFile } from "../image/header.ts";
import type { ImageNote } from "../image/image.ts";
import type { SampleLevels } from "../image/levels.ts";
import type { ListedImage, Split } from "./dataset_source.ts";
import { readListedFile, unreadableImage } from "./listed_file.ts";
import type { ImageSignature } from "./near_duplicates.ts";
import { makeThumbnail } from "./thumbnail.ts";

/** The signature of an image, or the problem of its file; the other one is null. */
export interface ImageInspection {
  /** What it is compared by. */
  readonly signature: ImageSignature | null;
  /** Why it is skipped. */
  readonly problem: Problem | null;
  /** What is worth knowing of its file; none if it is skipped. */
  readonly notes: readonly ImageNote[];
  /** The levels of its samples; null if it was not decoded. */
  readonly levels: SampleLevels | null;
}

/** Reads a listed image and, unless `pixels` is false, decodes it. */
export async function inspectImage(
  split: Split,
  image: ListedImage,
  { pixels = true }: { pixels?: boolean } = {},
): Promise<ImageInspection> {
  const bytes = await readListedFile(split, image);
  if (!(bytes instanceof Uint8Array)) return { signature: null, problem: bytes, notes: [], levels: null };
  try {
    const decoded = pixels ? await decodeInspection(bytes) : null;
    const thumbnail = decoded === null ? null : makeThumbnail(decoded.raster);
    const notes = [...image.notes ?? [], ...(decoded ?? inspectFile(bytes)).notes];
    const sha256 = hashBytes(bytes);
    return {
      signature: { split: split.name, fileName: image.fileName, sha256, thumbnail },
      problem: null,
      notes,
      levels: decoded?.levels ?? null,
    };
  } catch (error) {
    return { signature: null, problem: unreadableImage(split, image, error), notes: [], levels: null };
  }
}
