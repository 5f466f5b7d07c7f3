/**
 * The image files that annotations list, and the problems they may have.
 *
 * @module
 */
import { basename, join, relative } from "node:path";
import type { Problem, ProblemKind } from "../coco/problems.ts";
import { readImageSize } from "../image/header.ts";
import type { Size } from "../image/image.ts";
import type { ListedImage, Split } from "./dataset_source.ts";
import { listTree } from "./list_tree.ts";

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
      return imageProblem(
        split,
        image,
        "missing-image",
        NO_SUCH_FILE + await describeElsewhere(split, image),
      );
    }
    return unreadableImage(split, image, error);
  }
}

/** The files below the folder of a split by their names; a split is listed once. */
const listings = new WeakMap<Split, Promise<Map<string, string[]>>>();

/** Where the folder of a split has a file of the same name, in words; empty if nowhere. */
async function describeElsewhere(split: Split, { fileName }: ListedImage): Promise<string> {
  let listing = listings.get(split);
  if (listing === undefined) {
    listing = listTree(split.folder).then((paths) => Map.groupBy(paths, (path) => basename(path)));
    listings.set(split, listing);
  }
  const [path] = (await listing).get(basename(fileName)) ?? [];
  if (path === undefined) return "";
  const found = JSON.stringify(relative(split.folder, path).replaceAll("\\", "/"));
  return `; ${found} has its name: file names start from the folder of the annotation file`;
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
