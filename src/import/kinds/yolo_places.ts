/**
 * Where the images of a YOLO dataset's splits are. The paths of a `data.yaml` are often those of another machine.
 *
 * @module
 */
import { decodeJson } from "../../coco/text.ts";
import type { SplitName } from "../../dataset/roles.ts";
import { FileIndex, resolvePath } from "../file_index.ts";
import { MAX_LABEL_BYTES } from "../formats/yolo_labels.ts";
import type { YoloData } from "../formats/yolo_data.ts";
import { folderOf, type SourceTree } from "../source_tree.ts";
import { splitOfFolders } from "../split_words.ts";

/** The splits of a dataset's images. */
export interface YoloPlaces {
  /** The split of an image, its name null if there are no splits; null if the image is in none of them. */
  splitOf(image: string): { readonly name: SplitName | null } | null;
  /** What a user should know. */
  readonly lines: readonly string[];
}

/** Finds the images of the splits: by the `data.yaml`, else by the names of folders. */
export async function placeSplits(
  tree: SourceTree,
  file: { readonly path: string; readonly data: YoloData } | null,
  images: readonly string[],
): Promise<YoloPlaces> {
  const lines: string[] = [];
  const byImage = new Map<string, SplitName>();
  const twice = new Set<SplitName>();
  for (const [split, places] of file?.data.splits ?? []) {
    const own = (await Promise.all(places.map((place) => imagesAt(tree, file!.path, place, images)))).flat();
    if (own.length === 0) lines.push(`${file!.path}: ${split} (${places.join(", ")}) is not in the source`);
    for (const image of own) {
      const other = byImage.get(image);
      if (other === undefined) byImage.set(image, split);
      else if (other !== split) twice.add(split).add(other);
    }
  }
  if (twice.size > 0) {
    lines.push(`${file!.path}: ${[...twice].join(" and ")} have the same images: new splits are made`);
    return { splitOf: () => ({ name: null }), lines };
  }
  const folders = images.map(splitOfFolders);
  if (byImage.size === 0 && folders.every((split) => split === null)) {
    return { splitOf: () => ({ name: null }), lines };
  }
  return {
    splitOf: (image) => {
      const name = byImage.get(image) ?? splitOfFolders(image);
      return name === null ? null : { name };
    },
    lines,
  };
}

/** The images in a folder or list that a `data.yaml` names. */
async function imagesAt(
  tree: SourceTree,
  file: string,
  place: string,
  images: readonly string[],
): Promise<readonly string[]> {
  const near = folderOf(file);
  const path = place.replaceAll("\\", "/");
  if (/\.txt$/i.test(path)) {
    const list = new FileIndex(tree.files.map(({ path }) => path).filter((path) => /\.txt$/i.test(path)))
      .find(path, near);
    if (list === null) return [];
    const text = decodeJson(await tree.read(list, MAX_LABEL_BYTES), JSON.stringify(list));
    const index = new FileIndex(images);
    const names = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    return names.map((name) => index.find(name, folderOf(list))).filter((image) => image !== null);
  }
  const folder = findFolder(path, near, images);
  return folder === null ? [] : images.filter((image) => image.startsWith(`${folder}/`));
}

/** The folder of images that a path means: that very one, else the only one that ends with most of its parts. */
function findFolder(path: string, near: string, images: readonly string[]): string | null {
  const folders = new Set<string>();
  for (const image of images) {
    for (let folder = folderOf(image); folder !== "" && !folders.has(folder); folder = folderOf(folder)) {
      folders.add(folder);
    }
  }
  const exact = resolvePath(near, path);
  if (exact !== null && folders.has(exact)) return exact;
  const parts = path.split("/").filter((part) => ![".", "..", ""].includes(part));
  for (let count = parts.length; count > 0; count--) {
    const end = parts.slice(-count).join("/");
    const same = [...folders].filter((folder) => folder === end || folder.endsWith(`/${end}`));
    if (same.length === 1) return same[0]!;
    if (same.length > 1) return null;
  }
  return null;
}
