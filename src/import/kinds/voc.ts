/**
 * Pascal VOC's segmentation masks: `JPEGImages` and `SegmentationClass`, splits in `ImageSets/Segmentation`.
 *
 * @module
 */
import { decodeJson } from "../../coco/text.ts";
import type { SplitName } from "../../dataset/roles.ts";
import { decodeLabelImage } from "../../image/decode.ts";
import { isImageName } from "../../image/formats.ts";
import type { Size } from "../../image/image.ts";
import type { LabelImage } from "../../image/label_image.ts";
import { MAX_BYTES } from "../../image/limits.ts";
import { stemOf } from "../file_index.ts";
import {
  type LabelmapRow,
  parseLabelmap,
  VOC_CLASSES,
  VOC_IGNORE,
  vocColor,
} from "../formats/voc_classes.ts";
import type { ImportImage, ImportKind, ImportRegion, RecognizeOptions } from "../import_kind.ts";
import { labelRegions } from "../label_regions.ts";
import { baseName, folderOf, type SourceTree } from "../source_tree.ts";
import { splitOfName } from "../masks/tokens.ts";
import { counted, isBackgroundName, leaveOut, leftOutFiles, maskMismatch } from "./common.ts";

/** The largest list or table. */
const MAX_TEXT_BYTES = 2 ** 24;

/** Images and masks of classes in VOC's folders. */
export const PASCAL_VOC: ImportKind = {
  name: "Pascal VOC",
  layout: "Pascal VOC (JPEGImages/ and SegmentationClass/)",

  async recognize(tree, options) {
    const root = findRoot(tree, options);
    if (root === null) return null;
    const within = (folder: string) => root === "" ? folder : `${root}/${folder}`;
    const masks = imagesIn(tree, within("SegmentationClass"));
    const images = imagesIn(tree, within("JPEGImages"));
    const { splits, lines } = await readLists(tree, within("ImageSets/Segmentation"));
    const table = await readTable(tree, root);
    const leftOut = new Map<string, string[]>();
    const paired = [...images].filter(([name]) => masks.has(name));
    for (const [name, path] of images) if (!masks.has(name)) leaveOut(leftOut, "images without a mask", path);
    for (const [name, path] of masks) {
      if (!images.has(name)) leaveOut(leftOut, "masks without an image", path);
    }
    // Lists may leave out the folders below that of the images.
    const splitOf = (name: string) =>
      splits === null ? null : splits.get(splits.has(name) ? name : baseName(name));
    for (const [name, path] of paired) {
      if (splitOf(name) === undefined) leaveOut(leftOut, "images in no list of ImageSets/Segmentation", path);
    }
    return {
      kind: this.name,
      why: `${within("JPEGImages")} and ${within("SegmentationClass")}: ${counted(paired.length, "pair")}`,
      categories: table.categories,
      images: paired.flatMap(([name, path]): ImportImage[] => {
        const split = splitOf(name);
        if (split === undefined) return [];
        return [{ path, split, regions: (size) => readRegions(tree, masks.get(name)!, size, table) }];
      }),
      lines: [table.line, ...lines],
      leftOut: leftOutFiles(leftOut),
    };
  },
};

/** The folder that holds VOC's folders; null if there is none, or if the user names other folders. */
function findRoot(tree: SourceTree, { images, masks }: RecognizeOptions): string | null {
  if (images !== undefined || masks !== undefined) return null;
  const paths = tree.files.map(({ path }) => path).filter(isImageName);
  const rootsOf = (folder: string) =>
    new Set(paths.flatMap((path) => {
      const at = `/${path}`.indexOf(`/${folder}/`);
      return at === -1 ? [] : [path.slice(0, Math.max(0, at - 1))];
    }));
  const roots = [...rootsOf("SegmentationClass").intersection(rootsOf("JPEGImages"))];
  if (roots.length < 2) return roots[0] ?? null;
  throw new Error(
    `Cannot tell which dataset is meant: ${roots.slice(0, 3).map((root) => root || ".").join(" or ")}\n` +
      `hint: import one of them: deno task import ${tree.name}/${roots[0] || roots[1]}`,
  );
}

/** The images in a folder and those below it, by their paths within it without ending. */
function imagesIn(tree: SourceTree, folder: string): Map<string, string> {
  const paths = tree.files.map(({ path }) => path);
  const own = paths.filter((path) => path.startsWith(`${folder}/`) && isImageName(path));
  return new Map(own.map((path) => [path.slice(folder.length + 1).replace(/\.[^./]*$/, ""), path]));
}

/** The splits of image names by the lists of a folder; null if they make no splits. */
async function readLists(
  tree: SourceTree,
  folder: string,
): Promise<{ splits: Map<string, SplitName | null> | null; lines: string[] }> {
  const splits = new Map<string, SplitName | null>();
  const paths = tree.files.map(({ path }) => path).filter((path) =>
    folderOf(path) === folder && /\.txt$/i.test(path)
  );
  const lines: string[] = [];
  const trains = paths.filter((path) => splitOfName(stemOf(path)) === "train");
  // The union of two lists, unless it is the only one.
  const splitOf = (path: string) =>
    /^train[-_]?val$/i.test(stemOf(path)) && trains.length > 1 ? null : splitOfName(stemOf(path));
  // Lists that are no split, such as `trainval` and CVAT's `default`, only say what belongs to the dataset.
  for (const path of paths.toSorted((a, b) => Number(splitOf(a) !== null) - Number(splitOf(b) !== null))) {
    const split = splitOf(path);
    const text = decodeJson(await tree.read(path, MAX_TEXT_BYTES), JSON.stringify(path));
    for (const line of text.split("\n")) {
      // A name, in lists of one class with a mark behind it, and in some tools with its folder.
      const word = line.trim().split(/\s+/)[0]!;
      const name = (isImageName(word) ? word.replace(/\.[^./]*$/, "") : word).replace(/^.*JPEGImages\//, "");
      if (name === "") continue;
      const other = splits.get(name) ?? null;
      if (split !== null && other !== null && other !== split) {
        throw new Error(
          `Cannot tell which split ${
            JSON.stringify(name)
          } is in: ${path} and the list of ${other} have it\n` +
            `hint: remove it from one of the lists of ${folder}`,
        );
      }
      splits.set(name, split ?? other);
    }
  }
  const hasSplits = [...splits.values()].some((split) => split !== null);
  if (!hasSplits) return { splits: splits.size === 0 ? null : splits, lines };
  const unassigned = [...splits].filter(([, split]) => split === null).map(([name]) => name);
  for (const name of unassigned) splits.delete(name);
  lines.push(`the splits are the lists of ${folder}`);
  return { splits, lines };
}

/** What values and colors mean. */
interface VocTable {
  readonly categories: readonly { readonly name: string }[];
  /** How the names were found. */
  readonly line: string;
  /** The name of a value; null for background. Throws a RangeError if it has none. */
  nameOf(value: number): string | null;
  /** The value of a color; null if it has none. */
  valueOf(color: number): number | null;
}

/** Names of the tables that tools write, one name per line, in the order in which they are looked for. */
const TABLES = ["labelmap.txt", "class_names.txt", "classes.txt", "labels.txt"];

async function readTable(tree: SourceTree, root: string): Promise<VocTable> {
  for (const name of TABLES) {
    const path = root === "" ? name : `${root}/${name}`;
    if (!tree.files.some((file) => file.path === path)) continue;
    const shown = JSON.stringify(path);
    const rows = parseLabelmap(decodeJson(await tree.read(path, MAX_TEXT_BYTES), shown), shown);
    // labelme's lists begin with the label of ignored pixels, whose value is not in the order of the others.
    const names = rows.filter(({ name, color }) => color !== null || !isIgnored(name));
    if (names.length > 0) return tableOf(names, `the names of classes are those of ${path}`, path);
  }
  const isOfVoc = /voc/i.test(tree.name) ||
    tree.files.some(({ path }) => /voc|ImageSets\/Main\//i.test(path));
  return isOfVoc
    ? tableOf(
      [{ name: "background", color: null }, ...VOC_CLASSES.map((name) => ({ name, color: null }))],
      VOC_LINE,
      null,
    )
    : tableOf(null, "there is no labelmap.txt: classes are named by their values", null);
}

const VOC_LINE = "there is no labelmap.txt: the names of classes are Pascal VOC's own";

function tableOf(rows: readonly LabelmapRow[] | null, line: string, path: string | null): VocTable {
  const names = rows?.map(({ name }) => name) ??
    Array.from({ length: VOC_IGNORE }, (_, value) => value === 0 ? "background" : String(value));
  // Colors that a table does not give are those of VOC's palette.
  const colors = new Map(Array.from({ length: VOC_IGNORE + 1 }, (_, value) => [vocColor(value), value]));
  if (rows?.some(({ color }) => color !== null)) {
    colors.clear();
    for (const [value, { color }] of rows.entries()) if (color !== null) colors.set(color, value);
    if (!colors.has(vocColor(VOC_IGNORE))) colors.set(vocColor(VOC_IGNORE), VOC_IGNORE);
  }
  const categories = [...new Set(names.map(categoryOf).filter((name) => name !== null)), "ignore"];
  return {
    categories: [...new Set(categories)].map((name) => ({ name })),
    line,
    nameOf: (value) => {
      if (value === VOC_IGNORE) return "ignore";
      const name = names[value];
      if (name === undefined) {
        throw new RangeError(
          `its mask has the value ${value}, which ${path ?? "Pascal VOC's table"} does not name`,
        );
      }
      return categoryOf(name);
    },
    valueOf: (color) => colors.get(color) ?? null,
  };
}

function categoryOf(name: string): string | null {
  return isBackgroundName(name) ? null : isIgnored(name) ? "ignore" : name;
}

function isIgnored(name: string): boolean {
  return /^_*(ignored?|void)_*$/i.test(name.trim());
}

async function readRegions(
  tree: SourceTree,
  path: string,
  size: Size,
  table: VocTable,
): Promise<ImportRegion[]> {
  const labels = await decodeLabelImage(await tree.read(path, MAX_BYTES));
  if (labels.width !== size.width || labels.height !== size.height) throw maskMismatch(labels, size);
  return labelRegions(size, valuesOf(labels, table), (value) => {
    const name = table.nameOf(value);
    return name === null ? [] : [name];
  });
}

/** The values of the pixels: stored ones, or those of their colors. */
function valuesOf(labels: LabelImage, table: VocTable): ArrayLike<number> {
  const { kind, data, palette, bits } = labels;
  if (kind === "grey" && bits <= 8) return data;
  if (kind === "index") {
    const values = Array.from({ length: palette!.length / 3 }, (_, index) => {
      const [red, green, blue] = palette!.subarray(3 * index, 3 * index + 3);
      return table.valueOf(red! << 16 | green! << 8 | blue!);
    });
    // A palette of other colors, or of grays, only makes the values visible.
    const isTable = [...new Set(data as Uint8Array)].every((index) => (values[index] ?? null) !== null);
    return isTable ? (data as Uint8Array).map((index) => values[index]!) : data;
  }
  if (kind === "grey") throw new RangeError(`its mask has gray values of ${bits} bits, expected 8`);
  const step = kind === "rgba" ? 4 : 3;
  const values = new Uint16Array(data.length / step);
  for (let at = 0, from = 0; at < values.length; at++, from += step) {
    const color = data[from]! << 16 | data[from + 1]! << 8 | data[from + 2]!;
    const value = table.valueOf(color);
    if (value === null) {
      const shown = [data[from], data[from + 1], data[from + 2]].join(",");
      throw new RangeError(`its mask has the color ${shown}, which is that of no class`);
    }
    values[at] = value;
  }
  return values;
}
