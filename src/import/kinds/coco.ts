/**
 * COCO files in any layout: next to their images, in a folder of their own, one per split.
 *
 * @module
 */
import { type CocoDataset, type CocoImage } from "../../coco/coco.ts";
import { readCocoBytes, readCocoFile } from "../../coco/coco_file.ts";
import { dataLicences, type Licence, licencesOf, uniteLicences } from "../../dataset/licences.ts";
import { PROBLEM_KINDS, type ProblemKind } from "../../coco/problems.ts";
import { checkSegmentation, segmentationRuns } from "../../coco/segmentation.ts";
import type { SplitName } from "../../dataset/roles.ts";
import { isImageName } from "../../image/formats.ts";
import type { Size } from "../../image/image.ts";
import { FileIndex } from "../file_index.ts";
import {
  type ImportImage,
  type ImportKind,
  type ImportRegion,
  type LeftOutFiles,
  NothingToImport,
  type RecognizeOptions,
} from "../import_kind.ts";
import { isWithin, jsonFilesOf, MAX_JSON_BYTES } from "../json_probe.ts";
import { baseName, folderOf, type SourceTree } from "../source_tree.ts";
import { splitOfFolders, splitOfPath } from "../split_words.ts";
import { imagesMissing, leaveOut, leftOutFiles, sizeMismatch } from "./common.ts";

/** Any JSON file with COCO's lists of images and annotations. */
export const COCO_FILES: ImportKind = {
  name: "COCO",
  layout: "COCO annotations (*.json) with their images",

  async recognize(tree, options) {
    const paths = await jsonFilesOf(tree, "coco", options.masks);
    if (paths.length === 0) return null;
    const { files, lines } = chooseFiles(tree, await readFiles(tree, paths, options));
    const { images, leftOut } = placeImages(tree, files, options);
    if (images.length === 0) throw withoutImages(tree, files, leftOut);
    const background = files.reduce((sum, file) => sum + countUnannotated(file.dataset), 0);
    if (background > 0) {
      lines.push(
        `${background} listed without annotations: they count as background; ` +
          "train --unannotated skip leaves them out",
      );
    }
    return {
      kind: this.name,
      why: files.map(({ path, split }) => split === null ? path : `${path} (${split})`).join(", "),
      categories: [...new Set(files.flatMap(({ names }) => names.all))].map((name) => ({ name })),
      images,
      lines,
      licences: uniteLicences(files.map(({ licences }) => licences)),
      leftOut,
    };
  },
};

/** A COCO file of a source. */
interface CocoSource {
  readonly path: string;
  readonly split: SplitName | null;
  readonly dataset: CocoDataset;
  readonly names: CategoryNames;
  readonly licences: readonly Licence[];
}

async function readFiles(
  tree: SourceTree,
  paths: readonly string[],
  { onProgress }: RecognizeOptions,
): Promise<CocoSource[]> {
  const files: CocoSource[] = [];
  for (const path of paths) {
    const disk = tree.diskPath(path);
    const options = { anyPath: true, emptyMasks: true };
    const bytes = disk === null ? await tree.read(path, MAX_JSON_BYTES) : null;
    const dataset = bytes === null
      ? await readCocoFile(disk!, options)
      : await readCocoBytes(bytes, { ...options, name: JSON.stringify(path) });
    const licences = bytes === null ? await dataLicences(disk) : licencesOf(bytes);
    files.push({ path, split: splitOfPath(path), dataset, names: new CategoryNames(dataset), licences });
    onProgress?.(files.length, paths.length);
  }
  return files;
}

/**
 * The files that are imported: of several that list the same images, those without outlines (captions) and those for
 * other tasks (key points) are left out, and others are refused.
 */
function chooseFiles(
  tree: SourceTree,
  files: readonly CocoSource[],
): { files: readonly CocoSource[]; lines: string[] } {
  const outlined = files.filter(({ dataset }) => dataset.annotations.length > 0);
  if (outlined.length === 0) throw withoutOutlines(tree, files);
  const main = outlined.filter(({ path }) => /^instances_/i.test(baseName(path)));
  const isForOtherTask = ({ path }: CocoSource) =>
    main.length > 0 && /^(captions|person_keypoints|panoptic|stuff)_/i.test(baseName(path));
  const chosen = outlined.filter((file) => !isForOtherTask(file));
  const lines: string[] = [];
  for (const file of files.filter((file) => !chosen.includes(file))) {
    const reason = isForOtherTask(file) ? "its annotations are for another task" : "it has no outlines";
    lines.push(`${file.path} is not read: ${reason}`);
  }
  return { files: chosen, lines };
}

function withoutOutlines(tree: SourceTree, files: readonly CocoSource[]): Error {
  const { path, dataset } = files[0]!;
  const boxes = dataset.problems.some(({ kind }) => kind === "no-segmentation");
  const first = dataset.problems.find(({ effect }) => effect === "skipped");
  const why = boxes
    ? "its annotations have no outlines, only boxes or captions"
    : first === undefined
    ? "it has no annotations"
    : `no annotation of it can be used: ${first.message}`;
  return new NothingToImport(
    `Cannot import ${JSON.stringify(tree.name)}: ${path} is COCO, but ${why}\n` +
      "hint: export the dataset for segmentation: COCO with polygons or masks",
  );
}

function withoutImages(
  tree: SourceTree,
  [file]: readonly CocoSource[],
  [leftOut]: readonly LeftOutFiles[],
): Error {
  const unusable = file!.dataset.images.length === 0 ? file!.dataset.problems[0] : undefined;
  if (unusable !== undefined) {
    return new NothingToImport(
      `Cannot import ${JSON.stringify(tree.name)}: no image of ${
        file!.path
      } can be used: ${unusable.message}`,
    );
  }
  return imagesMissing(tree, file!.path, leftOut?.files[0] ?? file!.dataset.images[0]!.fileName);
}

function placeImages(
  tree: SourceTree,
  files: readonly CocoSource[],
  { images: folder }: RecognizeOptions,
): { images: ImportImage[]; leftOut: LeftOutFiles[] } {
  const paths = tree.files.map(({ path }) => path).filter((path) =>
    isImageName(path) && isWithin(path, folder)
  );
  const index = new FileIndex(paths);
  const owners = new Map<string, CocoSource>();
  const images: ImportImage[] = [];
  const leftOut = new Map<string, string[]>();
  const listed = new Set<string>();
  for (const file of files) {
    const reasons = reasonsOf(file.dataset);
    const find = (name: string) =>
      index.find(
        name,
        folderOf(file.path),
        (path) => file.split !== null && splitOfFolders(path) === file.split,
      );
    for (const image of file.dataset.images) {
      const path = find(image.fileName);
      if (path === null) {
        leaveOut(leftOut, `listed in ${file.path}, but there is no such image file`, image.fileName);
        continue;
      }
      const owner = owners.get(path);
      if (owner !== undefined) throw listedTwice(tree, path, owner, file);
      owners.set(path, file);
      images.push({
        path,
        split: file.split ?? splitOfFolders(path),
        regions: (size) => Promise.resolve(regionsOf(file, image, size, reasons)),
      });
    }
    for (const name of skippedNames(file.dataset)) {
      const path = find(name);
      if (path !== null) listed.add(path);
      leaveOut(leftOut, `entries of ${file.path} that cannot be used (deno task inspect says why)`, name);
    }
  }
  for (const path of paths) {
    if (!owners.has(path) && !listed.has(path)) {
      leaveOut(leftOut, "images that no annotation file lists", path);
    }
  }
  return { images, leftOut: leftOutFiles(leftOut) };
}

/** The names of images that no usable entry has. */
function skippedNames({ images, fileNames }: CocoDataset): string[] {
  const usable = new Set(images.map(({ fileName }) => fileName));
  return [...fileNames].filter((name) => !usable.has(name));
}

function listedTwice(tree: SourceTree, path: string, one: CocoSource, other: CocoSource): Error {
  if (one === other) {
    return new Error(
      `Cannot import ${JSON.stringify(tree.name)}: two entries of ${one.path} mean the file ${
        JSON.stringify(path)
      }\n` +
        "hint: --images FOLDER names the folder of the images; files of the same name must lie in the listed folders",
    );
  }
  return new Error(
    `Cannot tell which annotations are meant: ${one.path} and ${other.path} both list ${
      JSON.stringify(path)
    }\n` +
      `hint: --masks ${one.path} (or the other one) decides`,
  );
}

function regionsOf(
  { dataset, names }: CocoSource,
  image: CocoImage,
  size: Size,
  reasons: ReadonlyMap<string, ProblemKind>,
): ImportRegion[] {
  if (image.width !== size.width || image.height !== size.height) throw sizeMismatch(image, size);
  const state = dataset.state(image.id);
  if (state === "uncertain") throw new RangeError(`it may have annotations: ${dataset.uncertainty}`);
  if (state === "unusable" || dataset.isPartlyAnnotated(image.id)) {
    const kind = reasons.get(String(image.id));
    throw new RangeError(
      kind === undefined ? "some of its annotations cannot be used" : `it has ${PROBLEM_KINDS[kind]}`,
    );
  }
  return dataset.annotationsOf(image.id).map(({ categoryId, segmentation }) => ({
    category: names.of(categoryId),
    runs: segmentationRuns(checkSegmentation(segmentation, size), size),
  }));
}

/** Why the annotations of images cannot be used, by image id: the first problem of each. */
function reasonsOf({ problems }: CocoDataset): Map<string, ProblemKind> {
  const reasons = new Map<string, ProblemKind>();
  for (const { kind, message, effect } of problems) {
    const id = effect === "skipped" ? /\(image "?(\d+)"?\)$/.exec(message)?.[1] : undefined;
    if (id !== undefined && !reasons.has(id)) reasons.set(id, kind);
  }
  return reasons;
}

function countUnannotated(dataset: CocoDataset): number {
  return dataset.images.filter(({ id }) => dataset.state(id) === "unannotated").length;
}

/** The names of a file's categories; one without a name is called by its id. */
class CategoryNames {
  /** All of them, in the file's order, and those that only annotations name. */
  readonly all: readonly string[];
  readonly #byId = new Map<string, string>();

  constructor({ categories, annotations }: CocoDataset) {
    for (const { id, name } of categories) this.#byId.set(String(id), name.trim() || String(id));
    const unlisted = new Set(annotations.map(({ categoryId }) => this.of(categoryId)));
    this.all = [...new Set([...this.#byId.values(), ...unlisted])];
  }

  of(id: number | string | null): string {
    return id === null ? "foreground" : this.#byId.get(String(id)) ?? String(id);
  }
}
