/**
 * The kinds of datasets that can be read: the one registry.
 *
 * @module
 */
import type { ImageNote } from "../image/image.ts";
import { COCO_SOURCE } from "./coco_source.ts";
import type { DatasetSource, ListedImage, Split, SplitListing } from "./dataset_source.ts";
import { type FileLink, findLinks } from "./file_links.ts";

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
  const listing = await source.open(split);
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
    linkedFiles: new Set([...links.values()].map(({ file }) => file)),
  };
}

function linked(image: ListedImage, link: FileLink | undefined): ListedImage {
  if (link === undefined) return image;
  return link.isSame ? { ...image, fileName: link.file, notes: [NAME_NOTE] } : { ...image, link };
}

const NAME_NOTE: ImageNote = {
  kind: "name",
  message: "the file name differs from the listed one only in its Unicode form (NFC, NFD); the file is read",
};
