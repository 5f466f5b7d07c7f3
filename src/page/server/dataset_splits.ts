/**
 * The splits of the board's dataset, read once and again when their files change.
 *
 * @module
 */
import type { ListedImage, Split, SplitListing } from "../../dataset/dataset_source.ts";
import { openSplit } from "../../dataset/source_registry.ts";
import { findSplits, listImageFiles } from "../../dataset/splits.ts";
import { ifFound } from "../../fs/paths.ts";
import { type Board, RouteError } from "./route.ts";

/** A split with everything that is known of it without reading an image. */
export interface BoardSplit {
  /** The split. */
  readonly split: Split;
  /** Its annotations; null if it has no annotation file. */
  readonly listing: SplitListing | null;
  /** Its images: those of the annotations in their order, then files that these do not list, by name. */
  readonly images: readonly BoardImage[];
}

/** An image of a split. */
export interface BoardImage {
  /** Its path within the split's folder, with `/`. */
  readonly fileName: string;
  /** Its annotations; null if no annotation file lists it. */
  readonly listed: ListedImage | null;
}

interface Kept {
  readonly stamp: string;
  readonly content: Promise<BoardSplit>;
}

const kept = new WeakMap<Board, Map<string, Kept>>();

/**
 * The splits of the dataset; none if there is no dataset.
 *
 * @throws {Error} with a hint if a folder has several datasets, or an annotation file cannot be read
 */
export async function readSplits(board: Board): Promise<readonly BoardSplit[]> {
  if (await ifFound(Deno.stat(board.data)) === null) return [];
  const all = kept.get(board) ?? new Map<string, Kept>();
  kept.set(board, all);
  const splits = await findSplits(board.data);
  for (const folder of all.keys()) if (!splits.some((split) => split.folder === folder)) all.delete(folder);
  return await Promise.all(splits.map(async (split) => {
    const stamp = await stampOf(split);
    const known = all.get(split.folder);
    if (known?.stamp === stamp) return await known.content;
    const content = readSplit(split);
    all.set(split.folder, { stamp, content });
    // A file that is just being written is read again by the next request.
    content.catch(() => all.get(split.folder)?.content === content && all.delete(split.folder));
    return await content;
  }));
}

/**
 * A split by its name.
 *
 * @throws {RouteError} with status 404 if there is none
 */
export async function readSplitOf(board: Board, name: string): Promise<BoardSplit> {
  const splits = await readSplits(board);
  const found = splits.find(({ split }) => split.name === name);
  if (found !== undefined) return found;
  throw new RouteError(
    404,
    `Cannot find split ${JSON.stringify(name)}: the dataset has ${
      splits.length === 0 ? "none" : splits.map(({ split }) => JSON.stringify(split.name)).join(", ")
    }`,
  );
}

/**
 * An image of a split by its path within the split's folder.
 *
 * @throws {RouteError} with status 404 if there is none
 */
export function imageOf({ split, images }: BoardSplit, fileName: string): BoardImage {
  const found = images.find((image) => image.fileName === fileName);
  if (found !== undefined) return found;
  throw new RouteError(
    404,
    `Cannot find image ${JSON.stringify(fileName)}: split ${
      JSON.stringify(split.name)
    } has no image of this name`,
  );
}

/** Changes when the annotations or the files of the folder do. */
async function stampOf({ folder, annotationFile }: Split): Promise<string> {
  const paths = [folder, ...(annotationFile === null ? [] : [annotationFile])];
  const stats = await Promise.all(paths.map((path) => ifFound(Deno.stat(path))));
  return stats.map((info) => `${info?.mtime?.getTime()} ${info?.size} ${info?.ino}`).join("|");
}

async function readSplit(split: Split): Promise<BoardSplit> {
  const listing = split.annotationFile === null ? null : await openSplit(split);
  const listed = listing?.images ?? [];
  const unlisted = (await listImageFiles(split))
    .filter((name) => !listing?.fileNames.has(name) && !listing?.linkedFiles?.has(name));
  return {
    split,
    listing,
    images: [
      ...listed.map((image) => ({ fileName: image.fileName, listed: image })),
      ...unlisted.map((fileName) => ({ fileName, listed: null })),
    ],
  };
}
