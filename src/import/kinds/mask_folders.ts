/**
 * A folder of images next to a folder of masks, paired by name.
 *
 * @module
 */
import { decodeImage } from "../../image/decode.ts";
import { isImageName } from "../../image/formats.ts";
import type { Size } from "../../image/image.ts";
import { MAX_BYTES } from "../../image/limits.ts";
import { type ImportImage, type ImportKind, type ImportRegion, regionOf } from "../import_kind.ts";
import { baseName, folderOf, type SourceTree } from "../source_tree.ts";

/** Images and masks in folders of their own. */
export const MASK_FOLDERS: ImportKind = {
  name: "mask folders",
  layout: "images and mask images, in folders or under names that tell them apart",

  recognize(tree) {
    const files = tree.files.filter(({ path }) => isImageName(path));
    const inFolder = (name: string) => files.filter(({ path }) => folderOf(path).split("/").at(-1) === name);
    const masks = new Map(inFolder("masks").map(({ path }) => [stemOf(path), path]));
    const images = inFolder("images").flatMap(({ path }): ImportImage[] => {
      const mask = masks.get(stemOf(path));
      return mask === undefined ? [] : [{ path, split: null, regions: (size) => readMask(tree, mask, size) }];
    });
    if (images.length === 0) return Promise.resolve(null);
    return Promise.resolve({
      kind: this.name,
      why: `images/ and masks/: ${images.length} pairs of the same name`,
      categories: [{ name: "foreground" }],
      images,
      lines: [],
      leftOut: [],
    });
  },
};

function stemOf(path: string): string {
  return baseName(path).replace(/\.[^.]*$/, "");
}

async function readMask(tree: SourceTree, path: string, size: Size): Promise<ImportRegion[]> {
  const { width, height, data } = await decodeImage(await tree.read(path, MAX_BYTES));
  if (width !== size.width || height !== size.height) {
    throw new RangeError(`its mask is ${width} x ${height}, the image ${size.width} x ${size.height}`);
  }
  const mask = {
    width,
    height,
    data: Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]! > 0 ? 1 : 0),
  };
  return [regionOf("foreground", mask)];
}
