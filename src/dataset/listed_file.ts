/**
 * The image files that annotations list, and the problems they may have.
 *
 * @module
 */
import { join } from "node:path";
import type { Problem, ProblemKind } from "../coco/problems.ts";
import { readImageSize } from "../image/header.ts";
import type { Size } from "../image/image.ts";
import type { ListedImage, Split } from "./dataset_source.ts";

/** Why a listed file is not used, for {@linkcode imageProblem}. */
export const NO_SUCH_FILE = "there is no such file";

/** The bytes of a listed image's file, or the problem that its header reveals. */
export async function readListedFile(split: Split, image: ListedImage): Promise<Uint8Array | Problem> {
  try {
    const bytes = await Deno.readFile(join(split.folder, image.fileName));
    const reason = sizeMismatch(readImageSize(bytes), image);
    return reason === null ? bytes : imageProblem(split, image, "size-mismatch", reason);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    if (error instanceof Deno.errors.NotFound) {
      return imageProblem(split, image, "missing-image", NO_SUCH_FILE);
    }
    return unreadableImage(split, image, error);
  }
}

/** How the size of a file differs from the listed one, in words; null if it does not. */
export function sizeMismatch(file: Size, listed: Size): string | null {
  if (file.width === listed.width && file.height === listed.height) return null;
  return `its file is ${file.width} x ${file.height}, the annotations say ${listed.width} x ${listed.height}`;
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
