/**
 * labelme: a JSON file of shapes per image, which it names or holds.
 *
 * @module
 */
import { parseJson } from "../../coco/json.ts";
import { decodeJson } from "../../coco/text.ts";
import { decodeLabelImage } from "../../image/decode.ts";
import { isImageName } from "../../image/formats.ts";
import type { Size } from "../../image/image.ts";
import { LABEL_CHANNELS } from "../../image/label_image.ts";
import { MAX_BYTES } from "../../image/limits.ts";
import type { Mask } from "../../image/mask.ts";
import { FileIndex, stemOf } from "../file_index.ts";
import { decodeBase64, drawShape, isLabelme, type LabelmeFile, readLabelme } from "../formats/labelme.ts";
import {
  type ImportImage,
  type ImportKind,
  type ImportRegion,
  NothingToImport,
  regionOf,
} from "../import_kind.ts";
import { isWithin, jsonFilesOf } from "../json_probe.ts";
import { baseName, folderOf, type SourceTree } from "../source_tree.ts";
import { splitOfFolders } from "../split_words.ts";
import { counted, imagesMissing, isBackgroundName, leaveOut, leftOutFiles, sizeMismatch } from "./common.ts";

/** The largest file: an image of the largest size as base64. */
const MAX_FILE_BYTES = 2 * MAX_BYTES;

/** JSON files with a list of shapes. */
export const LABELME: ImportKind = {
  name: "labelme",
  layout: "labelme files (*.json) next to their images, or with the images in them",

  async recognize(tree, { masks, images: folder, onProgress }) {
    const files = await jsonFilesOf(tree, "labelme", masks);
    if (files.length === 0) return null;
    const paths = tree.files.map(({ path }) => path).filter((path) =>
      isImageName(path) && isWithin(path, folder)
    );
    const index = new FileIndex(paths);
    const categories = new Set<string>();
    const owners = new Map<string, string>();
    const images: ImportImage[] = [];
    const leftOut = new Map<string, string[]>();
    for (const [at, file] of files.entries()) {
      onProgress?.(at, files.length);
      const read = await describeFile(tree, file);
      if (typeof read === "string") {
        leaveOut(leftOut, read, file);
        continue;
      }
      for (const label of read.labels) categories.add(label);
      const path = findImage(index, file, read.imagePath);
      if (path === null && !read.isEmbedded) {
        leaveOut(leftOut, IMAGE_MISSING, file);
        continue;
      }
      const owner = path === null ? undefined : owners.get(path);
      if (owner !== undefined) throw annotatedTwice(tree, path!, owner, file);
      if (path !== null) owners.set(path, file);
      const regions = (size: Size) => readRegions(tree, file, size);
      images.push(
        path !== null
          ? { path, split: splitOfFolders(file) ?? splitOfFolders(path), regions }
          : { path: file, split: splitOfFolders(file), ...embedded(tree, file, read), regions },
      );
    }
    if (images.length === 0) throw withoutImages(tree, files[0]!, leftOut);
    for (const path of paths) if (!owners.has(path)) leaveOut(leftOut, "images without a labelme file", path);
    return {
      kind: this.name,
      why: describe(files.length, images.length, images.length - owners.size),
      categories: [...categories].map((name) => ({ name })),
      images,
      lines: [],
      leftOut: leftOutFiles(leftOut),
    };
  },
};

function describe(files: number, images: number, embedded: number): string {
  const found = `${counted(files, "labelme file")} of ${counted(images, "image")}`;
  return embedded === 0 ? found : `${found}, ${embedded} of them embedded`;
}

const IMAGE_MISSING = "labelme files whose image is missing";

function withoutImages(
  tree: SourceTree,
  file: string,
  leftOut: ReadonlyMap<string, readonly string[]>,
): Error {
  const reason = [...leftOut.keys()].find((reason) => reason !== IMAGE_MISSING);
  if (reason === undefined) return imagesMissing(tree, file, `${stemOf(file)}.png`);
  return new NothingToImport(
    `Cannot import ${JSON.stringify(tree.name)}: no labelme file can be used: ${reason}`,
  );
}

/** What is kept of a file: neither its image nor its shapes. */
interface FileSummary {
  readonly labels: ReadonlySet<string>;
  readonly imagePath: string | null;
  readonly isEmbedded: boolean;
  /** The ending of the image that it holds. */
  readonly ending: string;
}

/** The summary of a file, or why it cannot be read. */
async function describeFile(tree: SourceTree, path: string): Promise<FileSummary | string> {
  try {
    const { shapes, imagePath, imageData } = await readFile(tree, path);
    const labels = shapes.map(({ label }) => categoryOf(label)).filter((label) => label !== null);
    const ending = imageData?.startsWith("/9j/") ? ".jpg" : ".png";
    return { labels: new Set(labels), imagePath, isEmbedded: imageData !== null, ending };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError)) {
      throw error;
    }
    return error.message.split("\n")[0]!;
  }
}

async function readFile(tree: SourceTree, path: string): Promise<LabelmeFile> {
  const name = JSON.stringify(path);
  const root = parseJson(decodeJson(await tree.read(path, MAX_FILE_BYTES), name), name);
  if (!isLabelme(root)) throw new TypeError(`${name} is no longer a labelme file`);
  return readLabelme(root);
}

/** The image that a file names, else the one of its own name next to it. */
function findImage(index: FileIndex, file: string, imagePath: string | null): string | null {
  const named = imagePath === null ? null : index.find(imagePath, folderOf(file));
  return named ?? index.findStem(stemOf(file), folderOf(file));
}

function embedded(
  tree: SourceTree,
  file: string,
  { imagePath, ending }: FileSummary,
): Pick<ImportImage, "fileName" | "bytes"> {
  const written = imagePath === null ? "" : baseName(imagePath.replaceAll("\\", "/"));
  return {
    fileName: isImageName(written) ? written : `${stemOf(file)}${ending}`,
    bytes: async () => decodeBase64((await readFile(tree, file)).imageData ?? "", "its imageData"),
  };
}

function annotatedTwice(tree: SourceTree, image: string, one: string, other: string): Error {
  return new Error(
    `Cannot tell which annotations of ${JSON.stringify(image)} are meant: ${one} or ${other}\n` +
      `hint: --masks ${folderOf(one) || one} (or the other one) decides, within ${tree.name}`,
  );
}

async function readRegions(tree: SourceTree, file: string, size: Size): Promise<ImportRegion[]> {
  const { shapes, withoutArea, size: annotated } = await readFile(tree, file);
  if (annotated !== null && (annotated.width !== size.width || annotated.height !== size.height)) {
    throw sizeMismatch(annotated, size);
  }
  if (withoutArea.length > 0) {
    throw new RangeError(`it has shapes without an area: ${withoutArea.join(", ")}`);
  }
  const regions: ImportRegion[] = [];
  for (const shape of shapes) {
    const category = categoryOf(shape.label);
    if (category !== null) regions.push(regionOf(category, await drawShape(shape, size, decodeMask)));
  }
  return regions;
}

/** The category of a label, in labelme's own words for background and ignored pixels; null for background. */
function categoryOf(label: string): string | null {
  const name = label.trim();
  if (isBackgroundName(name)) return null;
  return /^_*ignored?_*$/i.test(name) ? "ignore" : name || "foreground";
}

/** The mask of a shape: any value but 0. */
async function decodeMask(png: Uint8Array): Promise<Mask> {
  const { width, height, kind, data } = await decodeLabelImage(png);
  const channels = LABEL_CHANNELS[kind];
  const mask = new Uint8Array(width * height);
  for (let at = 0; at < mask.length; at++) mask[at] = data[at * channels] === 0 ? 0 : 1;
  return { width, height, data: mask };
}
