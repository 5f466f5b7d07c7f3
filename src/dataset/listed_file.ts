/**
 * The image files that annotations list, and the problems they may have.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { requireLinkWithin } from "../fs/links.ts";
import { MAX_BYTES } from "../image/limits.ts";
import { join } from "node:path";
import type { Problem, ProblemKind } from "../coco/problems.ts";
import { inspectFile } from "../image/header.ts";
import type { Size } from "../image/image.ts";
import { describeTurn, orientSize } from "../image/orient.ts";
import type { ListedImage, Split } from "./dataset_source.ts";
import { describeLink } from "./file_links.ts";

/** Why a listed file is not used, for {@linkcode imageProblem}. */
export const NO_SUCH_FILE = "there is no such file";

/**
 * The bytes of a listed image's file, or the problem that its header reveals.
 *
 * @throws {Error} with a hint if a link on its way leaves the dataset
 */
export async function readListedFile(split: Split, image: ListedImage): Promise<Uint8Array | Problem> {
  const path = join(split.folder, image.fileName);
  await requireLinkWithin(split.root ?? await Deno.realPath(split.folder), path);
  try {
    const bytes = await readBounded(path, MAX_BYTES);
    const reason = sizeMismatch(inspectFile(bytes), image);
    return reason === null ? bytes : imageProblem(split, image, "size-mismatch", reason);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    if (error instanceof Deno.errors.NotFound) {
      const { link } = image;
      const reason = link === undefined ? NO_SUCH_FILE : `${NO_SUCH_FILE}; ${describeLink(link)}`;
      return imageProblem(split, image, "missing-image", reason);
    }
    return unreadableImage(split, image, error);
  }
}

/**
 * How the size of a file, displayed as its EXIF orientation says, differs from the listed one, in words; null if it
 * does not.
 */
export function sizeMismatch(file: Size & { readonly orientation: number }, listed: Size): string | null {
  const { orientation } = file;
  const shown = orientSize(file, orientation);
  if (isSameSize(shown, listed)) return null;
  const said = `the annotations say ${sizeInWords(listed)}`;
  if (!isSameSize(file, listed)) return `its file is ${sizeInWords(shown)}, ${said}`;
  return `its file stores ${sizeInWords(file)} and is shown as ${sizeInWords(shown)}, ` +
    `${describeTurn(orientation)} (EXIF orientation ${orientation}); ${said}, as if it were not rotated`;
}

function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

function sizeInWords({ width, height }: Size): string {
  return `${width} x ${height}`;
}

/** The problem of an image that cannot be read or decoded because of `error`. */
export function unreadableImage(
  split: Pick<Split, "name">,
  image: Pick<ListedImage, "id" | "fileName">,
  error: unknown,
): Problem {
  return imageProblem(split, image, "unreadable-image", firstLine(error));
}

/** The problem of an image that is skipped. */
export function imageProblem(
  split: Pick<Split, "name">,
  image: Pick<ListedImage, "id" | "fileName">,
  kind: ProblemKind,
  reason: string,
): Problem {
  const message = `image ${image.id} (${split.name}/${image.fileName}): ${reason}`;
  return { kind, id: image.id, message, effect: "skipped" };
}

/** The first line of an error's message. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}
