/**
 * YOLO segmentation: a label file with normalized polygons per image, and a `data.yaml` with names and splits.
 *
 * @module
 */
import { polygonRuns } from "../../coco/polygon.ts";
import { decodeJson } from "../../coco/text.ts";
import { isImageName } from "../../image/formats.ts";
import { MAX_YAML_BYTES, parseYaml } from "../formats/yaml.ts";
import { readYoloData, type YoloData } from "../formats/yolo_data.ts";
import { MAX_LABEL_BYTES, parseYoloLabels, type YoloLabels } from "../formats/yolo_labels.ts";
import { stemOf } from "../file_index.ts";
import {
  type ImportImage,
  type ImportKind,
  type ImportRegion,
  NothingToImport,
  type RecognizeOptions,
} from "../import_kind.ts";
import { isWithin } from "../json_probe.ts";
import { baseName, folderOf, type SourceTree } from "../source_tree.ts";
import { counted, imagesMissing, isBackgroundName, leaveOut, leftOutFiles } from "./common.ts";
import { placeSplits } from "./yolo_places.ts";

/** Label files of polygons, next to the images or in a folder `labels` that mirrors that of the images. */
export const YOLO_SEGMENTATION: ImportKind = {
  name: "YOLO segmentation",
  layout: "YOLO label files (labels/*.txt) with their images, and usually a data.yaml",

  async recognize(tree, options) {
    const { images: folder, masks } = options;
    const images = tree.files.map(({ path }) => path).filter((path) =>
      isImageName(path) && isWithin(path, folder)
    );
    const labels = labelFiles(tree, masks);
    const pairs = new Map(images.flatMap((path) => {
      const label = labelOf(path, labels, masks);
      return label === undefined ? [] : [[path, label] as const];
    }));
    if (pairs.size === 0 && labels.size === 0) return null;
    const data = await findData(tree);
    if (pairs.size === 0) {
      const label = [...labels.values()].find(isLabelPath);
      if (data === null || label === undefined) return null;
      throw imagesMissing(tree, data.path, `${stemOf(label)}.jpg`);
    }
    if (data?.data.hasKeyPoints) throw keyPointsOnly(tree, data.path);
    const read = await readAll(tree, new Set(pairs.values()), data !== null, options);
    if (read === null) return null;
    assertOutlines(tree, read);

    const names = await namesOf(tree, data);
    const places = await placeSplits(tree, data, images);
    const leftOut = new Map<string, string[]>();
    const used = new Set(pairs.values());
    for (const path of images) {
      if (!pairs.has(path)) {
        leaveOut(leftOut, "images without a label file (an empty one says: nothing there)", path);
      } else if (!places.splitOf(path)) {
        leaveOut(leftOut, `images in no split of ${data?.path ?? "the folders"}`, path);
      }
    }
    for (const path of labels.values()) {
      if (!used.has(path) && isLabelPath(path)) leaveOut(leftOut, "label files without an image", path);
    }
    return {
      kind: this.name,
      why: describe(data, pairs.size),
      categories: categoriesOf(names, read.classes),
      images: [...pairs].flatMap(([path, label]): ImportImage[] => {
        const split = places.splitOf(path);
        if (!split) return [];
        const name = (classIndex: number) => nameOf(names, classIndex);
        return [{ path, split: split.name, regions: (size) => regionsOf(tree, label, size, name) }];
      }),
      lines: places.lines,
      leftOut: leftOutFiles(leftOut),
    };
  },
};

/** A `data.yaml` of the source. */
interface YoloDataFile {
  readonly path: string;
  readonly data: YoloData;
}

/** Files that may be labels, by their paths without ending. */
function labelFiles(tree: SourceTree, masks: string | undefined): Map<string, string> {
  const paths = tree.files.map(({ path }) => path).filter((path) =>
    /\.txt$/i.test(path) && isWithin(path, masks)
  );
  return new Map(paths.map((path) => [withoutEnding(path), path]));
}

/** The label file of an image: where `labels` stands in place of `images`, next to it, or in the folder that is named. */
function labelOf(
  image: string,
  labels: ReadonlyMap<string, string>,
  masks: string | undefined,
): string | undefined {
  const path = withoutEnding(image);
  const parts = path.split("/");
  const candidates: string[] = [];
  // The last folder first, as YOLO's own loader does.
  for (let at = parts.length - 2; at >= 0; at--) {
    if (/^(images|imgs|img|image|jpegimages)$/i.test(parts[at]!)) {
      candidates.push(parts.with(at, "labels").join("/"));
    }
  }
  candidates.push(path, [...parts.slice(0, -1), "labels", parts.at(-1)].join("/"));
  const found = candidates.map((candidate) => labels.get(candidate)).find((label) => label !== undefined);
  if (found !== undefined || masks === undefined) return found;
  const same = [...labels.values()].filter((label) => stemOf(label) === stemOf(image));
  return same.length === 1 ? same[0] : undefined;
}

function isLabelPath(path: string): boolean {
  return folderOf(path).split("/").includes("labels");
}

function withoutEnding(path: string): string {
  return path.replace(/\.[^./]*$/, "");
}

/** The one file with names or splits; throws an Error if there are several. */
async function findData(tree: SourceTree): Promise<YoloDataFile | null> {
  const found: YoloDataFile[] = [];
  let fault: Error | null = null;
  for (const { path, byteLength } of tree.files) {
    if (!/\.ya?ml$/i.test(path) || byteLength > MAX_YAML_BYTES) continue;
    const name = JSON.stringify(path);
    const bytes = await tree.read(path, MAX_YAML_BYTES);
    try {
      const data = readYoloData(parseYaml(bytes, name), name);
      if (data !== null) found.push({ path, data });
    } catch (error) {
      // Other tools write files of settings with this ending.
      if (/^\s*names\s*:/m.test(new TextDecoder().decode(bytes))) fault ??= error as Error;
    }
  }
  if (found.length === 0 && fault !== null) throw fault;
  if (found.length < 2) return found[0] ?? null;
  const paths = found.map(({ path }) => path);
  const folder = folderOf(paths[0]!);
  throw new Error(
    `Cannot tell which file describes the dataset: ${paths.slice(0, 3).join(" or ")}\n` +
      `hint: ${
        folder === "" ? "remove the others" : `import one folder: deno task import ${tree.name}/${folder}`
      }`,
  );
}

/** What all label files together say. */
interface AllLabels {
  readonly classes: ReadonlySet<number>;
  readonly outlines: number;
  readonly boxes: number;
  /** The first box. */
  readonly firstBox: string | null;
}

/** Null if the files are no labels: without a `data.yaml`, any text next to an image may be anything. */
async function readAll(
  tree: SourceTree,
  labels: ReadonlySet<string>,
  isKnown: boolean,
  { onProgress }: RecognizeOptions,
): Promise<AllLabels | null> {
  const classes = new Set<number>();
  let [outlines, boxes, done, invalid] = [0, 0, 0, 0];
  let firstBox: string | null = null;
  for (const path of labels) {
    try {
      const read = await readLabels(tree, path);
      for (const { classIndex } of read.outlines) classes.add(classIndex);
      outlines += read.outlines.length;
      boxes += read.boxes;
      if (read.boxes > 0) firstBox ??= path;
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      // Read again with its image, which it then leaves out.
      invalid++;
    }
    onProgress?.(++done, labels.size);
  }
  const nothing = outlines === 0 && boxes === 0;
  return !isKnown && (nothing || 2 * invalid > labels.size) ? null : { classes, outlines, boxes, firstBox };
}

async function readLabels(tree: SourceTree, path: string): Promise<YoloLabels> {
  return parseYoloLabels(decodeJson(await tree.read(path, MAX_LABEL_BYTES), JSON.stringify(path)));
}

function assertOutlines(tree: SourceTree, { outlines, boxes, firstBox }: AllLabels): void {
  if (outlines > 0 || boxes === 0) return;
  throw new NothingToImport(
    `Cannot import ${
      JSON.stringify(tree.name)
    }: its labels are boxes (${firstBox}), which are no outlines\n` +
      "hint: export the dataset for segmentation, with polygons: a line per object, class x1 y1 x2 y2 x3 y3 ...",
  );
}

/** Key points are pairs of numbers like the points of an outline, which they are not. */
function keyPointsOnly(tree: SourceTree, path: string): NothingToImport {
  return new NothingToImport(
    `Cannot import ${
      JSON.stringify(tree.name)
    }: its labels are boxes with key points (kpt_shape in ${path}), no outlines\n` +
      "hint: export the dataset for segmentation, with polygons",
  );
}

/** The names by index: those of the `data.yaml`, else of a list of names next to the labels. */
async function namesOf(tree: SourceTree, data: YoloDataFile | null): Promise<ReadonlyMap<number, string>> {
  if (data !== null && data.data.names.size > 0) return data.data.names;
  const lists = tree.files.filter(({ path }) =>
    /^(classes\.txt|obj\.names|.*\.names)$/i.test(baseName(path))
  );
  if (lists.length !== 1) return new Map();
  const { path } = lists[0]!;
  const lines = decodeJson(await tree.read(path, MAX_YAML_BYTES), JSON.stringify(path)).split("\n");
  return new Map(lines.map((line, at) => [at, line.trim()] as const).filter(([, name]) => name !== ""));
}

/** Throws a RangeError for an index that a list of names does not have. */
function nameOf(names: ReadonlyMap<number, string>, classIndex: number): string {
  const name = names.get(classIndex);
  if (name === undefined && names.size > 0) {
    throw new RangeError(`its class ${classIndex} has no name in the dataset`);
  }
  return name ?? String(classIndex);
}

function categoriesOf(names: ReadonlyMap<number, string>, used: ReadonlySet<number>): { name: string }[] {
  const all = names.size > 0 ? [...names].sort(([a], [b]) => a - b).map(([, name]) => name) : [...used]
    .sort((a, b) => a - b).map(String);
  return [...new Set(all)].filter((name) => !isBackgroundName(name)).map((name) => ({ name }));
}

async function regionsOf(
  tree: SourceTree,
  label: string,
  size: { width: number; height: number },
  nameOf: (classIndex: number) => string,
): Promise<ImportRegion[]> {
  const { outlines, boxes } = await readLabels(tree, label);
  if (boxes > 0) throw new RangeError("its labels have boxes, which are no outlines");
  return outlines
    .map(({ classIndex, points }) => ({ category: nameOf(classIndex), points }))
    .filter(({ category }) => !isBackgroundName(category))
    .map(({ category, points }) => ({
      category,
      runs: polygonRuns(size, points.map((share, i) => share * (i % 2 === 0 ? size.width : size.height))),
    }));
}

function describe(data: YoloDataFile | null, pairs: number): string {
  const labels = `${counted(pairs, "image")} with a label file`;
  return data === null ? labels : `${data.path}: ${labels}`;
}
