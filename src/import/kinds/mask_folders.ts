/**
 * Images and mask images: in two folders, in one under different names, or in a folder per image.
 *
 * @module
 */
import { isIgnoreName } from "../../dataset/class_names.ts";
import type { Size } from "../../image/image.ts";
import { MAX_BYTES } from "../../image/limits.ts";
import { counted } from "../counted.ts";
import type {
  ImportCategory,
  ImportImage,
  ImportKind,
  ImportRegion,
  LeftOutFiles,
  Recognition,
  RecognizeOptions,
} from "../import_kind.ts";
import { labelRegions } from "../label_regions.ts";
import { decodeInOrder } from "../map_in_order.ts";
import { assignRoles } from "../masks/assign_roles.ts";
import { chooseMasks, type ChosenMask, type ChosenPair } from "../masks/choose_masks.ts";
import { type ClassNames, readClassNames } from "../masks/name_table.ts";
import { type MaskCodes, readMaskCodes } from "../masks/mask_codes.ts";
import { type Pair, pairFiles } from "../masks/pair_files.ts";
import { colorOf, ValueScan } from "../masks/value_scan.ts";
import { decideValues, type ValueTable } from "../masks/value_table.ts";
import type { SourceTree } from "../source_tree.ts";

/** Images and masks. */
export const MASK_FOLDERS: ImportKind = {
  name: "masks",
  layout: "images and mask images, in folders or under names that tell them apart",

  async recognize(tree, options) {
    const roles = await assignRoles(tree, options, (path) => flatness(tree, path));
    if (roles.images.length === 0 || roles.masks.length === 0) return null;
    const { pairs, loneImages, loneMasks } = pairFiles(roles, options.pairs);
    if (pairs.length === 0) throw nothingPaired(tree, roles.images[0]!.path, roles.masks[0]!.path);
    const choice = chooseMasks(pairs, options);
    const names = await readClassNames(tree);
    const channels = await readChannels(tree, choice.pairs, names, options);
    const left = (reason: string, files: readonly string[]): LeftOutFiles[] =>
      files.length === 0 ? [] : [{ reason, files }];
    return {
      kind: this.name,
      why: describePairs(choice.pairs, pairs),
      categories: categoriesOf(channels),
      images: choice.pairs.map((pair): ImportImage => ({
        path: pair.path,
        split: pair.split,
        regions: (size) => readRegions(tree, pair, channels, size),
      })),
      lines: [...choice.lines, ...linesOf(channels, names)],
      leftOut: [
        ...left("images without a mask", loneImages),
        ...left("masks without an image", loneMasks),
        ...left("images without a mask of the observer", choice.unobserved),
        ...left(
          "image files that are neither of the images nor of the masks",
          roles.others.map(({ path }) => path),
        ),
      ],
    } satisfies Recognition;
  },
};

function nothingPaired(tree: SourceTree, image: string, mask: string): Error {
  return new Error(
    `Cannot pair the images of ${JSON.stringify(tree.name)} with masks: no names match, such as ${
      JSON.stringify(image)
    } and ${JSON.stringify(mask)}\n` +
      "hint: put what both have in common in parentheses: --pairs '(\\d+)\\.\\w+$'; or choose folders with --images and --masks",
  );
}

function describePairs(chosen: readonly ChosenPair[], pairs: readonly Pair[]): string {
  const masks = chosen.reduce((sum, { masks }) => sum + masks.length, 0);
  const [first] = chosen;
  const folders = new Set(pairs.flatMap(({ masks }) => masks.map(({ series }) => series)));
  const places = folders.has("") ? "told apart by their names" : "in folders of their own";
  return `${counted(chosen.length, "image")} and ${counted(masks, "mask")}, ${places}, such as ${
    shorten(first!.path)
  } with ${shorten(first!.masks[0]!.path)}`;
}

/** Characters of a name that are shown. */
const SHOWN_NAME = 28;

/** The last two parts of a path, of long names the beginning. */
function shorten(path: string): string {
  const parts = path.split("/");
  const shown = parts.slice(-2).map((part) =>
    part.length > SHOWN_NAME ? `${part.slice(0, SHOWN_NAME - 3)}...` : part
  );
  return parts.length > 2 ? `.../${shown.join("/")}` : shown.join("/");
}

/** Values of the most frequent kinds; masks have few others. */
const FREQUENT = 8;

/** Levels next to a frequent one, which compression makes of it. */
const BLUR = 8;

/** The share of the pixels of an image file that have its most frequent values; null if it cannot be read. */
async function flatness(tree: SourceTree, path: string): Promise<number | null> {
  try {
    const mask = await readMaskCodes(await tree.read(path, MAX_BYTES));
    const scan = new ValueScan();
    scan.add(mask);
    const counts = [...mask.space === "color" || scan.values.size === 0 ? scan.colors : scan.values];
    counts.sort((a, b) => b[1].pixels - a[1].pixels);
    const blur = mask.lossy && mask.space === "gray" ? BLUR : 0;
    const top = counts.slice(0, mask.lossy ? 2 : FREQUENT).map(([code]) => code);
    const covered = counts.reduce(
      (sum, [code, { pixels }]) => sum + (top.some((value) => Math.abs(value - code) <= blur) ? pixels : 0),
      0,
    );
    return covered / (mask.width * mask.height);
  } catch (error) {
    if (isAboutFile(error)) return null;
    throw error;
  }
}

function isAboutFile(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError;
}

/** The values of all masks whose names state the same class. */
type Channels = ReadonlyMap<string | null, ValueTable>;

/** Reads all masks once for their values. */
async function readChannels(
  tree: SourceTree,
  pairs: readonly ChosenPair[],
  names: ClassNames,
  options: RecognizeOptions,
): Promise<Channels> {
  const masks = pairs.flatMap(({ masks }) => masks);
  const scans = new Map<string | null, { scan: ValueScan; path: string }>();
  let done = 0;
  let stack: { path: string; pages: number } | null = null;
  let single = false;
  const read = async (mask: ChosenMask) => {
    try {
      return { mask, codes: await readMaskCodes(await tree.read(mask.path, MAX_BYTES)) };
    } catch (error) {
      if (isAboutFile(error)) return { mask, codes: null };
      throw error;
    }
  };
  for await (const { mask: { path, label }, codes } of decodeInOrder(masks, read)) {
    options.onProgress?.(++done, masks.length);
    // A damaged one is reported with its image.
    if (codes === null) continue;
    if (codes.pages > 1) stack ??= { path, pages: codes.pages };
    else single = true;
    const channel = scans.get(label) ?? { scan: new ValueScan(), path };
    scans.set(label, channel);
    channel.scan.add(codes);
  }
  if (stack !== null && !single) throw isStack(tree, stack);
  if (scans.size === 0) {
    throw new Error(
      `Cannot import ${JSON.stringify(tree.name)}: none of its ${masks.length} masks can be decoded`,
    );
  }
  return new Map([...scans].map(([label, { scan, path }]) => [label, decide(tree, scan, names, path)]));
}

function isStack(tree: SourceTree, { path, pages }: { path: string; pages: number }): Error {
  return new Error(
    `Cannot import ${JSON.stringify(tree.name)}: ${JSON.stringify(path)} is a stack of ${pages} pages\n` +
      "hint: save each page as an image of its own, with ImageMagick: magick STACK.tif NAME-%03d.png",
  );
}

function decide(tree: SourceTree, scan: ValueScan, names: ClassNames, path: string): ValueTable {
  try {
    return decideValues(scan, names);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Error(
      `Cannot import ${JSON.stringify(tree.name)}: masks such as ${
        JSON.stringify(path)
      }: ${error.message}\n` +
        "hint: choose the folder of the masks with --masks",
    );
  }
}

/** The name of the category of a class of a channel. */
function categoryOf(label: string | null, table: ValueTable, index: number): string {
  const { name } = table.classes[index]!;
  if (label === null || isIgnoreName(name)) return name;
  const named = table.classes.filter(({ name }) => !isIgnoreName(name));
  return named.length === 1 ? label : `${label} ${name}`;
}

function categoriesOf(channels: Channels): ImportCategory[] {
  const categories = new Map<string, ImportCategory>();
  for (const [label, table] of [...channels].sort(([a], [b]) => (a ?? "") < (b ?? "") ? -1 : 1)) {
    for (const [index, { color }] of table.classes.entries()) {
      const name = categoryOf(label, table, index);
      if (!categories.has(name)) categories.set(name, { name, ...color === undefined ? {} : { color } });
    }
  }
  return [...categories.values()];
}

function linesOf(channels: Channels, names: ClassNames): string[] {
  const lines = [...channels].flatMap(([label, { lines }]) =>
    lines.map((line) => label === null ? line : `${label}: ${line}`)
  );
  return names.path === null ? lines : [...lines, `names of classes from ${names.path}`];
}

async function readRegions(
  tree: SourceTree,
  { masks }: ChosenPair,
  channels: Channels,
  size: Size,
): Promise<ImportRegion[]> {
  const regions: ImportRegion[] = [];
  for (const { path, label } of masks) {
    const codes = await readMask(tree, path);
    if (codes.pages > 1) throw new RangeError(`its mask has ${codes.pages} pages`);
    if (codes.width !== size.width || codes.height !== size.height) {
      throw new RangeError(
        `its mask is ${codes.width} x ${codes.height} pixels, the image ${size.width} x ${size.height}`,
      );
    }
    const table = channels.get(label)!;
    const nameOf = (value: number) => categoryOf(label, table, value - 1);
    const read = labelRegions(size, codes.codes, (code) => {
      const value = table.labelOf(inSpace(codes, code, table.space));
      // Numbered objects are regions of their own.
      return value === 0 ? [] : [table.counts ? String(code) : nameOf(value)];
    });
    regions.push(...table.counts ? read.map(({ runs }) => ({ category: nameOf(1), runs })) : read);
  }
  return regions;
}

/** A mask's values; errors that its bytes prove name the file. */
async function readMask(tree: SourceTree, path: string): Promise<MaskCodes> {
  try {
    return await readMaskCodes(await tree.read(path, MAX_BYTES));
  } catch (error) {
    if (isAboutFile(error)) throw new SyntaxError(`mask ${path}: ${(error as Error).message}`);
    throw error;
  }
}

/** A value of a mask as one of the space in which all are compared. */
function inSpace(mask: MaskCodes, code: number, space: ValueTable["space"]): number {
  if (space === mask.space) return code;
  const color = colorOf(mask, code);
  return space === "color" ? color : color & 0xff;
}
