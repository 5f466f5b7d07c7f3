/**
 * nnU-Net's raw datasets of 2D images: `imagesTr`, `labelsTr`, `imagesTs` and `dataset.json`.
 *
 * @module
 */
import { parseJson } from "../../coco/json.ts";
import { decodeJson } from "../../coco/text.ts";
import type { SplitName } from "../../dataset/roles.ts";
import { decodeLabelImage } from "../../image/decode.ts";
import { isImageName } from "../../image/formats.ts";
import type { Size } from "../../image/image.ts";
import { MAX_BYTES } from "../../image/limits.ts";
import { stemOf } from "../file_index.ts";
import { type NnunetDataset, readNnunetDataset } from "../formats/nnunet_dataset.ts";
import type { ImportImage, ImportKind, ImportRegion } from "../import_kind.ts";
import { labelRegions } from "../label_regions.ts";
import { baseName, folderOf, type SourceTree } from "../source_tree.ts";
import { counted, isBackgroundName, leaveOut, leftOutFiles, maskMismatch } from "./common.ts";

/** The largest `dataset.json`; those of version 1 list every file. */
const MAX_TEXT_BYTES = 2 ** 26;

/** Endings of volumes. */
const VOLUME = /\.(nii(\.gz)?|nrrd|mha|mhd|mgz)$/i;

/** The folders of images and labels, and the split that they are. */
const FOLDERS: readonly (readonly [images: string, labels: string, split: SplitName])[] = [
  ["imagesTr", "labelsTr", "train"],
  ["imagesVal", "labelsVal", "valid"],
  ["imagesTs", "labelsTs", "test"],
];

/** A dataset in nnU-Net's raw form. */
export const NNUNET: ImportKind = {
  name: "nnU-Net",
  layout: "nnU-Net's raw form (dataset.json, imagesTr/, labelsTr/) with 2D images",

  async recognize(tree, { images, masks, channel }) {
    if (images !== undefined || masks !== undefined) return null;
    const found = await findDataset(tree);
    if (found === null) return null;
    const { root, dataset } = found;
    const leftOut = new Map<string, string[]>();
    const cases = FOLDERS.flatMap(([imagesName, labelsName, split]) => {
      const labels = new Map(imagesIn(tree, root, labelsName).map((path) => [stemOf(path), path]));
      const read = casesIn(tree, imagesIn(tree, root, imagesName), dataset, channel);
      const stems = new Set(read.map(({ name }) => name));
      for (const [name, path] of labels) {
        if (!stems.has(name)) leaveOut(leftOut, "labels without an image", path);
      }
      return read.map((one) => ({ ...one, split, label: labels.get(one.name) }));
    });
    for (const { path, label } of cases) {
      if (label === undefined) leaveOut(leftOut, "images without labels", path);
    }
    const labeled = cases.filter(({ label }) => label !== undefined);
    const hasSplits = new Set(labeled.map(({ split }) => split)).size > 1;
    const namesOf = categoriesOf(dataset);
    return {
      kind: this.name,
      why: `${found.path}, ${counted(labeled.length, "image")} with labels`,
      categories: namesOf.all.map((name) => ({ name })),
      images: labeled.map(({ path, split, label }): ImportImage => ({
        path,
        // The only labeled folder is no split: nnU-Net itself splits it.
        split: hasSplits ? split : null,
        regions: (size) => readRegions(tree, label!, size, namesOf),
      })),
      lines: channel === undefined ? [] : [`channel ${channel}${nameChannel(dataset, channel)} of each case`],
      ...(dataset.licence === null ? {} : { licences: [{ name: dataset.licence, url: "" }] }),
      leftOut: leftOutFiles(leftOut),
    };
  },
};

interface FoundDataset {
  readonly path: string;
  readonly root: string;
  readonly dataset: NnunetDataset;
}

/** The one folder with `dataset.json` and `imagesTr`; throws an Error for several, and for volumes. */
async function findDataset(tree: SourceTree): Promise<FoundDataset | null> {
  const found: FoundDataset[] = [];
  for (const { path, byteLength } of tree.files) {
    if (baseName(path) !== "dataset.json" || byteLength > MAX_TEXT_BYTES) continue;
    const root = folderOf(path);
    if (!tree.files.some((file) => file.path.startsWith(within(root, "imagesTr/")))) continue;
    const name = JSON.stringify(path);
    const value = parseJson(decodeJson(await tree.read(path, MAX_TEXT_BYTES), name), name);
    const dataset = readNnunetDataset(value, name);
    if (dataset !== null) found.push({ path, root, dataset });
  }
  const [first] = found;
  if (first === undefined) return null;
  if (found.length > 1) {
    throw new Error(
      `Cannot tell which dataset is meant: ${found.slice(0, 3).map(({ path }) => path).join(" or ")}\n` +
        `hint: import one of them: deno task import ${tree.name}/${
          found.find(({ root }) => root !== "")!.root
        }`,
    );
  }
  const volume = tree.files.find(({ path }) =>
    path.startsWith(within(first.root, "imagesTr/")) && VOLUME.test(path)
  );
  if (volume !== undefined) {
    throw new Error(
      `Cannot import ${JSON.stringify(tree.name)}: its images are volumes (${volume.path}), not 2D images\n` +
        "hint: export their slices as PNG or TIFF, images and labels alike, and import the folder",
    );
  }
  return first;
}

function within(root: string, path: string): string {
  return root === "" ? path : `${root}/${path}`;
}

function imagesIn(tree: SourceTree, root: string, folder: string): string[] {
  const files = tree.files.map(({ path }) => path);
  return files.filter((path) => folderOf(path) === within(root, folder) && isImageName(path));
}

/** The files of cases, `NAME_0000.png` for channel 0; throws an Error for cases of several channels without a choice. */
function casesIn(
  tree: SourceTree,
  paths: readonly string[],
  dataset: NnunetDataset,
  channel: number | undefined,
): { name: string; path: string }[] {
  const files = paths.map((path) => {
    const [, name, digits] = /^(.+)_(\d{4})$/.exec(stemOf(path)) ?? [null, stemOf(path), "0"];
    return { name: name!, path, channel: Number(digits) };
  });
  const cases = Map.groupBy(files, ({ name }) => name);
  const several = [...cases.values()].find(({ length }) => length > 1);
  if (several === undefined) return files;
  const numbers = [...new Set(files.map(({ channel }) => channel))].sort((a, b) => a - b);
  if (channel === undefined || !numbers.includes(channel)) {
    const shown = numbers.map((number) => `${number}${nameChannel(dataset, number)}`).join(", ");
    const what = channel === undefined ? "has several channels" : `has no channel ${channel}`;
    throw new Error(
      `Cannot import ${JSON.stringify(tree.name)}: the case ${several[0]!.name} ${what}: ${shown}\n` +
        `hint: --channel ${numbers[0]} imports that one`,
    );
  }
  return files.filter((file) => file.channel === channel);
}

function nameChannel({ channels }: NnunetDataset, channel: number): string {
  const name = channels.get(channel);
  return name === undefined ? "" : ` (${name})`;
}

/** The categories of values; regions of nnU-Net overlap. */
function categoriesOf(
  { labels }: NnunetDataset,
): { all: readonly string[]; of(value: number): readonly string[] } {
  const names = [...labels].map(([name, values]) => ({
    name: name.toLowerCase() === "ignore" ? "ignore" : name,
    values,
  }))
    .filter(({ name }) => !isBackgroundName(name));
  const byValue = new Map<number, string[]>();
  for (const { name, values } of names) {
    for (const value of values) byValue.set(value, [...byValue.get(value) ?? [], name]);
  }
  return {
    all: names.map(({ name }) => name),
    of: (value) => {
      const found = byValue.get(value);
      if (found === undefined && value !== 0) {
        throw new RangeError(`its label image has the value ${value}, which dataset.json does not name`);
      }
      return found ?? [];
    },
  };
}

async function readRegions(
  tree: SourceTree,
  path: string,
  size: Size,
  names: { of(value: number): readonly string[] },
): Promise<ImportRegion[]> {
  const { kind, data, width, height } = await decodeLabelImage(await tree.read(path, MAX_BYTES));
  if (width !== size.width || height !== size.height) throw maskMismatch({ width, height }, size);
  if (kind === "rgb" || kind === "rgba") {
    throw new RangeError("its label image has colors, expected the values of dataset.json");
  }
  return labelRegions(size, data, (value) => names.of(value));
}
