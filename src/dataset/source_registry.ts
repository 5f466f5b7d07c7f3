/**
 * The kinds of datasets that can be read: the one registry.
 *
 * @module
 */
import { join } from "node:path";
import { isTaken } from "../fs/paths.ts";
import { isImageName } from "../image/formats.ts";
import type { ImageNote } from "../image/image.ts";
import { COCO_SOURCE } from "./coco_source.ts";
import type { DatasetSource, ListedImage, Split, SplitListing } from "./dataset_source.ts";
import { describeSameName, type FileLink, findLinks } from "./file_links.ts";

/** Every kind, in the order in which a folder is tried. */
export const SOURCES: readonly DatasetSource[] = [COCO_SOURCE];

/**
 * Reads the annotations of a split; throws an Error if it has none. A listed name whose file is missing is linked with
 * a file of nearly the same name; if only the Unicode form differs, the image gets the name of that file.
 */
export function openSplit(split: Split): Promise<SplitListing> {
  const source = SOURCES.find(({ name }) => name === split.source);
  if (source === undefined) {
    throw new Error(`Cannot read split ${JSON.stringify(split.name)}: its folder has no annotation file`);
  }
  return openLinked(split, source);
}

async function openLinked(split: Split, source: DatasetSource): Promise<SplitListing> {
  const listing = await linkBadNames(split, await source.open(split));
  const links = await findLinks(split.folder, listing.fileNames);
  if (links.size === 0) return listing;
  const nameOf = (name: string) => {
    const link = links.get(name);
    return link?.isSame ? link.file : name;
  };
  return {
    ...listing,
    images: listing.images.map((image) => linked(image, links.get(image.fileName))),
    fileNames: new Set([...listing.fileNames].map(nameOf)),
    linkedFiles: new Set([...listing.linkedFiles ?? [], ...[...links.values()].map(({ file }) => file)]),
  };
}

/** Names that leave the folder, such as absolute ones, are linked with files of the same last part. */
async function linkBadNames(split: Split, listing: SplitListing): Promise<SplitListing> {
  const linkedFiles = new Set<string>();
  const problems = await Promise.all(listing.problems.map(async (problem) => {
    const file = problem.badName?.replaceAll("\\", "/").split("/").at(-1);
    if (file === undefined || !isImageName(file) || listing.fileNames.has(file)) return problem;
    if (!await isTaken(join(split.folder, file))) return problem;
    linkedFiles.add(file);
    return { ...problem, message: `${problem.message}; ${describeSameName(file)}` };
  }));
  return linkedFiles.size === 0 ? listing : { ...listing, problems, linkedFiles };
}

function linked(image: ListedImage, link: FileLink | undefined): ListedImage {
  if (link === undefined) return image;
  return link.isSame ? { ...image, fileName: link.file, notes: [NAME_NOTE] } : { ...image, link };
}

const NAME_NOTE: ImageNote = {
  kind: "name",
  message: "the file name differs from the listed one only in its Unicode form (NFC, NFD); the file is read",
};
